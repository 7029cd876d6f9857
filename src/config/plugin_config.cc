#include "config/plugin_config.h"

#include <cstdlib>

#include "base/shown_url.h"
#include "base/whole_file.h"

namespace weir::config {
namespace {

// A .wasm file of this size would take minutes to compile.
constexpr size_t kMaxBytes = 512u << 20;

std::string quote_path(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

Result<std::string> read_file(const std::filesystem::path& path, std::string_view what) {
  auto bytes = read_whole_file(path, kMaxBytes);
  if (bytes.ok()) return bytes;
  const bool missing = bytes.error().code == ErrorCode::NotFound;
  bytes.error().message +=
      missing ? "; put it there, or write where it is" : "; name a file that can be read";
  return std::move(bytes).error().in("cannot read " + std::string(what) + " from " +
                                     quote_path(path));
}

struct Reader {
  const std::filesystem::path& base_dir;
  std::string_view what = "code";

  // An absolute path stays as it is.
  Result<std::string> operator()(const LocalFile& file) const {
    WEIR_TRY(check_watched_folder(file, base_dir));
    return read_file(base_dir / file.path, what);
  }

  Result<std::string> operator()(const InlineBytes& code) const { return code.bytes; }

  Result<std::string> operator()(const EnvironmentVariable& variable) const {
    const char* value = std::getenv(variable.name.c_str());
    if (value != nullptr) return std::string(value);
    return Error{ErrorCode::NotFound,
                 "the " + std::string(what) + " is to come from environment variable '" +
                     variable.name + "', which is not set; set it where weir is started"};
  }

  Result<std::string> operator()(const RemoteFile& file) const {
    return Error{ErrorCode::Unsupported, "code cannot be fetched from '" + shown_url(file.uri) +
                                             "' here; use code.local.filename"};
  }
};

}  // namespace

Done check_watched_folder(const LocalFile& file, const std::filesystem::path& base_dir) {
  const auto folder = base_dir / file.watched_directory;
  std::error_code ignored;
  if (file.watched_directory.empty() || std::filesystem::is_directory(folder, ignored)) {
    return Unit{};
  }
  return Error{ErrorCode::NotFound, "watched_directory: " + quote_path(folder) +
                                        " is no folder; make it, or name another one"};
}

Result<std::string> read_data(const DataSource& source, const std::filesystem::path& base_dir,
                              std::string_view what) {
  return std::visit(Reader{base_dir, what}, source);
}

Result<std::string> read_code(const CodeSource& source, const std::filesystem::path& base_dir) {
  return std::visit(Reader{base_dir}, source);
}

}  // namespace weir::config

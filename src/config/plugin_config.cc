#include "config/plugin_config.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/shown_url.h"

namespace weir::config {
namespace {

// A .wasm file of this size would take minutes to compile.
constexpr uintmax_t kMaxBytes = 512ull << 20;

constexpr const char* kReadable = "; name a file that can be read";

std::string quote_path(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

Result<std::string> read_file(const std::filesystem::path& path, std::string_view what) {
  const std::string doing = "cannot read " + std::string(what) + " from " + quote_path(path) + ": ";
  std::error_code error;
  uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    auto code = error == std::errc::no_such_file_or_directory ? ErrorCode::NotFound : ErrorCode::Io;
    const bool missing = code == ErrorCode::NotFound;
    return Error{code, doing + error.message() +
                           (missing ? "; put it there, or write where it is" : kReadable)};
  }
  if (size > kMaxBytes) {
    return Error{ErrorCode::LimitExceeded, "the " + std::string(what) + " in " + quote_path(path) +
                                               " is larger than 512 MiB"};
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(static_cast<size_t>(size), '\0');
  if (!in || !in.read(bytes.data(), static_cast<std::streamsize>(size))) {
    return Error{ErrorCode::Io, doing + std::strerror(errno) + kReadable};
  }
  return bytes;
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

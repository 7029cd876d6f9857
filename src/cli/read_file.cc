#include "cli/read_file.h"

#include <filesystem>
#include <system_error>

#include "base/whole_file.h"

namespace weir::cli {
namespace {

// No plugin is larger.
constexpr size_t kMaxBytes = 512u << 20;

}  // namespace

Result<std::string> read_file(const std::string& path) {
  auto bytes = read_whole_file(path, kMaxBytes, Pipes::Read);
  if (bytes.ok()) return bytes;
  const bool missing = bytes.error().code == ErrorCode::NotFound;
  bytes.error().message +=
      missing ? "; put it there, or write where it is" : "; name a file that can be read";
  return std::move(bytes).error().in(path);
}

bool can_be_read_once(const std::string& path) {
  namespace fs = std::filesystem;
  if (path == "-") return true;
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

}  // namespace weir::cli

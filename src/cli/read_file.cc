#include "cli/read_file.h"

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

}  // namespace weir::cli

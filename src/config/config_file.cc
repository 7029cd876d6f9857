#include "config/config_file.h"

#include <string_view>

#include "config/document.h"

namespace weir::config {
namespace {

std::string_view remedy_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotFound:
      return "; put it there, or write where it is";
    case ErrorCode::LimitExceeded:
      return kTooLargeRemedy;
    default:
      return "; name a file that can be read";
  }
}

}  // namespace

Result<std::string> read_config_file(const std::filesystem::path& path, Pipes pipes) {
  auto text = read_whole_file(path, kMaxFileBytes, pipes);
  if (text.ok()) return text;
  text.error().message += remedy_of(text.error().code);
  return std::move(text).error().in(path.string());
}

}  // namespace weir::config

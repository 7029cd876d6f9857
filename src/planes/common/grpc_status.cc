#include "planes/common/grpc_status.h"

#include <charconv>
#include <iterator>

namespace weir::planes {
namespace {

constexpr std::string_view kNames[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

std::string to_snake_case(std::string_view name) {
  if (name == "OK") return "OK";
  std::string snake;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !snake.empty()) snake += '_';
    snake += upper ? c : static_cast<char>(c - 'a' + 'A');
  }
  return snake;
}

}  // namespace

bool is_grpc_content_type(std::string_view content_type) {
  static constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  content_type.remove_prefix(kGrpc.size());
  return content_type.empty() || content_type[0] == '+';
}

int32_t grpc_status_of(uint32_t http_status) {
  switch (http_status) {
    case 400:
      return 13;  // INTERNAL
    case 401:
      return 16;  // UNAUTHENTICATED
    case 403:
      return 7;  // PERMISSION_DENIED
    case 404:
      return 12;  // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;  // UNAVAILABLE
    default:
      return 2;  // UNKNOWN
  }
}

uint32_t http_status_of(int64_t grpc_status) {
  static constexpr uint32_t kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                           400, 409, 400, 501, 500, 503, 500, 401};
  if (grpc_status < 0 || grpc_status >= static_cast<int64_t>(std::size(kStatuses))) return 500;
  return kStatuses[grpc_status];
}

std::optional<int64_t> parse_grpc_status(std::string_view text) {
  int64_t status = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), status);
  if (error != std::errc() || end != text.end()) return std::nullopt;
  return status;
}

std::string grpc_status_name(int64_t status, bool snake_case) {
  if (status < 0 || status >= static_cast<int64_t>(std::size(kNames)))
    return std::to_string(status);
  const std::string_view name = kNames[status];
  return snake_case ? to_snake_case(name) : std::string(name);
}

}  // namespace weir::planes

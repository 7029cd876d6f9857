#include "planes/serve/lane_failure.h"

namespace weir::serve {

std::optional<LocalReply> failure_of(const Lane& request, const Lane& response) {
  if (request.too_large()) {
    return LocalReply(413, "Payload Too Large", "request_payload_too_large");
  }
  if (response.too_large()) {
    return LocalReply(500, "Internal Server Error", "response_payload_too_large");
  }
  if (response.lacks_status()) {
    return LocalReply(502, "missing required header", "filter_removed_required_response_headers");
  }
  if (request.is_broken() || response.is_broken()) {
    // Too late to correct the length, and what would follow on the connection cannot be told apart.
    return LocalReply(500, "Internal Server Error",
                      "a plugin changed a body whose content-length had gone out");
  }
  return std::nullopt;
}

}  // namespace weir::serve

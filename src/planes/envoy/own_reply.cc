#include "planes/envoy/own_reply.h"

#include <algorithm>

#include "planes/common/field_rules.h"
#include "planes/common/grpc_status.h"
#include "planes/envoy/header_map.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {
namespace {

constexpr int32_t kMaxGrpcStatus = 16;
constexpr std::string_view kGrpcType = "application/grpc";

// Details are one word.
std::string one_word(std::string details) {
  std::ranges::replace_if(
      details, [](char c) { return static_cast<unsigned char>(c) <= ' '; }, '_');
  return details;
}

// Those that Envoy makes of the status and the body.
bool is_made_by_envoy(std::string_view name) {
  return name.starts_with(':') || abi::same_name(name, "content-length");
}

}  // namespace

OwnReply::OwnReply(Request request, bool is_grpc)
    : is_grpc_(is_grpc),
      status_(request.status),
      body_(std::move(request.body)),
      details_(one_word(std::move(request.details))) {
  // These are few and short: they fit into any list.
  const auto set = [&](std::string_view name, std::string_view value) {
    static_cast<void>(headers_.replace(name, value));
  };
  set(":status", is_grpc ? "200" : std::to_string(status_));
  request.headers.for_each([&](std::string_view name, std::string_view value) {
    if (!is_made_by_envoy(name) && is_allowed(HeaderType::Response, name, value)) {
      static_cast<void>(headers_.add(name, value));
    }
  });
  if (is_grpc) {
    // Envoy takes no status of gRPC, but leaves one alone that is among the headers.
    const bool given = request.grpc_status >= 0 && request.grpc_status <= kMaxGrpcStatus;
    set("content-type", kGrpcType);
    set("grpc-status",
        std::to_string(given ? request.grpc_status : planes::grpc_status_of(status_)));
  } else if (body_.size() > 0) {
    set("content-length", std::to_string(body_.size()));
    if (!headers_.find("content-type")) set("content-type", "text/plain");
  }
}

void OwnReply::send(EnvoyHttpFilter* filter) const {
  abi::HeaderList headers;
  headers_.for_each([&](std::string_view name, std::string_view value) {
    // The plugin may have put anything there. Envoy corrects the length, where it stands.
    if (!name.starts_with(':') && is_allowed(HeaderType::Response, name, value)) {
      static_cast<void>(headers.add(name, value));
    }
  });
  uint32_t status = status_;
  if (!is_grpc_) {
    const int said = planes::status_of(headers_).value_or(0);
    if (said >= 200) status = static_cast<uint32_t>(said);
  }
  std::vector<ModuleHeader> list = module_headers(headers);
  envoy_dynamic_module_callback_http_send_response(filter, status, list.data(), list.size(),
                                                   body_.bytes(), details_);
}

}  // namespace weir::envoy_plane

// The course of a stream (ABI 0.2.1, "HTTP streams", "TCP streams"), and what ABI 0.1.0 had in its
// place.

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

Status continue_stream(HostCall& call, StreamType stream) {
  return call.context().continue_stream(stream);
}

Status close_stream(HostCall& call, StreamType stream) {
  return call.context().close_stream(stream);
}

Status send_local_response(HostCall& call, uint32_t status_code, GuestBytes details,
                           GuestBytes body, GuestMap& headers, int32_t grpc_status) {
  if (!headers.ok) {
    call.log(LogLevel::Error, "the serialized headers are malformed or too large");
    return Status::BadArgument;
  }
  return call.context().send_local_response(
      {status_code, details.view, body.view, std::move(headers.headers), grpc_status});
}

Status continue_request(HostCall& call) {
  return call.context().continue_stream(StreamType::Request);
}
Status continue_response(HostCall& call) {
  return call.context().continue_stream(StreamType::Response);
}
Status clear_route_cache(HostCall& call) { return call.context().clear_route_cache(); }

// The text of ABI 0.1.0 gives these three no result, its common SDK a status: modules have both.
void continue_request_v(HostCall& call) { continue_request(call); }
void continue_response_v(HostCall& call) { continue_response(call); }
void clear_route_cache_v(HostCall& call) { clear_route_cache(call); }

constexpr Hostcall kStreamHostcalls[] = {
    hostcall<continue_stream>("proxy_continue_stream"),
    hostcall<close_stream>("proxy_close_stream"),
    hostcall<send_local_response>("proxy_send_local_response"),
    hostcall<continue_request>("proxy_continue_request"),
    hostcall<continue_request_v>("proxy_continue_request"),
    hostcall<continue_response>("proxy_continue_response"),
    hostcall<continue_response_v>("proxy_continue_response"),
    hostcall<clear_route_cache>("proxy_clear_route_cache"),
    hostcall<clear_route_cache_v>("proxy_clear_route_cache"),
};

}  // namespace

std::span<const Hostcall> stream_hostcalls() { return kStreamHostcalls; }

}  // namespace weir::abi

// Calls to upstreams (ABI 0.2.1, "HTTP calls", "gRPC calls").

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

// Where any of these is missing the call cannot be sent.
constexpr std::string_view kRequired[] = {":method", ":path", ":authority"};

// So much of an upstream's name stands in a log.
constexpr size_t kShownName = 256;

Status refused(HostCall& call, std::string_view upstream, std::string_view reason) {
  call.log(LogLevel::Error, std::string("the call to '")
                                .append(upstream.substr(0, kShownName))
                                .append("' is refused: ")
                                .append(reason));
  return Status::BadArgument;
}

Status http_call(HostCall& call, GuestBytes upstream, GuestMap& headers, GuestBytes body,
                 GuestMap& trailers, uint32_t timeout, GuestOut<uint32_t> call_id) {
  if (!headers.ok || !trailers.ok) {
    return refused(call, upstream.view,
                   "its serialized headers or trailers are malformed or too large");
  }
  for (std::string_view name : kRequired) {
    if (headers.headers.find(name)) continue;
    return refused(call, upstream.view,
                   std::string("the header ").append(name).append(" is missing"));
  }
  uint32_t id = 0;
  const Status status =
      call.context().http_call({upstream.view, std::move(headers.headers), body.view,
                                std::move(trailers.headers), Milliseconds(timeout)},
                               id);
  if (status == Status::Ok) call_id.set(call, id);
  return status;
}

// Where the metadata is malformed, the answer is the one that SDKs take for an unusable call.
Status grpc_call(HostCall& call, GuestBytes upstream, GuestBytes service, GuestBytes method,
                 GuestMap& metadata, GuestBytes message, uint32_t timeout,
                 GuestOut<uint32_t> call_id) {
  if (!metadata.ok) return Status::ParseFailure;
  uint32_t id = 0;
  const Status status = call.context().grpc_call(
      {upstream.view, service.view, method.view, std::move(metadata.headers)}, message.view,
      Milliseconds(timeout), id);
  if (status == Status::Ok) call_id.set(call, id);
  return status;
}

Status grpc_stream(HostCall& call, GuestBytes upstream, GuestBytes service, GuestBytes method,
                   GuestMap& metadata, GuestOut<uint32_t> stream_id) {
  if (!metadata.ok) return Status::ParseFailure;
  uint32_t id = 0;
  const Status status = call.context().grpc_stream(
      {upstream.view, service.view, method.view, std::move(metadata.headers)}, id);
  if (status == Status::Ok) stream_id.set(call, id);
  return status;
}

Status grpc_send(HostCall& call, uint32_t stream_id, GuestBytes message, EndOfStream end) {
  return call.context().grpc_send(stream_id, message.view, end);
}

Status grpc_cancel(HostCall& call, uint32_t call_id) { return call.context().grpc_cancel(call_id); }

Status grpc_close(HostCall& call, uint32_t call_id) { return call.context().grpc_close(call_id); }

Status resolve_dns(HostCall& call, GuestBytes host, GuestOut<uint32_t> token) {
  uint32_t id = 0;
  const Status status = call.context().resolve_dns(host.view, id);
  if (status == Status::Ok) token.set(call, id);
  return status;
}

Status get_status(HostCall& call, GuestOut<uint32_t> code, GuestValue message) {
  uint32_t value = 0;
  std::string text;
  if (Status status = call.context().get_status(value, text); status != Status::Ok) return status;
  code.set(call, value);
  return message.set(call, as_bytes(text));
}

constexpr Hostcall kUpstreamHostcalls[] = {
    hostcall<http_call>("proxy_http_call"),     hostcall<grpc_call>("proxy_grpc_call"),
    hostcall<grpc_stream>("proxy_grpc_stream"), hostcall<grpc_send>("proxy_grpc_send"),
    hostcall<grpc_cancel>("proxy_grpc_cancel"), hostcall<grpc_close>("proxy_grpc_close"),
    hostcall<get_status>("proxy_get_status"),   hostcall<resolve_dns>("envoy_resolve_dns"),
};

}  // namespace

std::span<const Hostcall> upstream_hostcalls() { return kUpstreamHostcalls; }

}  // namespace weir::abi

#pragma once
// Responses that the proxy or a plugin makes itself.

#include <cstdint>
#include <string>
#include <string_view>

#include "abi/header_map.h"
#include "runtime/stream.h"

namespace weir::serve {

// Bits of the attribute response.flags, as Envoy numbers them.
enum class ResponseFlag : uint32_t {
  None = 0,
  NoHealthyUpstream = 0x2,
  UpstreamRequestTimeout = 0x4,
  LocalReset = 0x8,
  UpstreamConnectionFailure = 0x20,
  UpstreamConnectionTermination = 0x40,
  UpstreamOverflow = 0x80,
  NoRouteFound = 0x100,
  DownstreamConnectionTermination = 0x4000,
  UpstreamRetryLimitExceeded = 0x8000,
  StreamIdleTimeout = 0x10000,
  DownstreamProtocolError = 0x40000,
  DurationTimeout = 0x400000,
  UpstreamProtocolError = 0x800000,
  NoClusterFound = 0x1000000,
};

// A response in the making, with what it is answered for.
struct LocalReply {
  LocalReply(uint32_t status, std::string body_text, std::string why,
             ResponseFlag response_flag = ResponseFlag::None)
      : status_code(status),
        body(std::move(body_text)),
        details(std::move(why)),
        flag(response_flag) {}
  explicit LocalReply(const runtime::LocalResponse& response);

  uint32_t status_code;
  std::string body;
  std::string details;
  ResponseFlag flag = ResponseFlag::None;
  abi::HeaderList headers;
  int32_t grpc_status = -1;  // -1: it follows from status_code
};

// What of a request decides how a local reply to it looks.
struct RequestTraits {
  bool is_head = false;
  bool is_grpc = false;

  static RequestTraits of(const abi::HeaderList& request_headers);
};

// The message: headers that are not fit for a response are left out; a gRPC request gets its status
// in the headers of an HTTP 200 without a body (gRPC over HTTP/2, "Trailers-Only").
struct LocalMessage {
  abi::HeaderList headers;
  std::string body;
};
LocalMessage make_local_message(LocalReply reply, RequestTraits traits);

}  // namespace weir::serve

#pragma once
// What a plane offers for each HTTP stream and TCP connection that plugins work on. The plane
// implements these interfaces; the runtime calls them. Nothing here blocks.

#include <span>
#include <string>
#include <string_view>

#include "abi/buffer.h"
#include "abi/header_map.h"
#include "abi/types.h"
#include "runtime/filter_state.h"
#include "runtime/property.h"

namespace weir::runtime {

enum class Direction : uint8_t { Request, Response };

// A response that a plugin makes itself (proxy_send_local_response). Views are valid during the
// call that hands it over.
struct LocalResponse {
  uint32_t status_code;
  std::string_view details;  // for logs: why
  std::string_view body;
  const abi::HeaderList& headers;  // added to those the plane makes
  int32_t grpc_status;             // -1: none. Else a gRPC request gets it as `grpc-status`
  std::string_view plugin;         // the plugin's name, for logs
};

// A connection or stream, as far as both kinds are alike. Thread: its worker's.
class StreamInfo {
 public:
  virtual ~StreamInfo() = default;

  // The attribute's value, as it is now.
  virtual PropertyValue attribute(Attribute) const = 0;

  // A property that only this plane has ("metadata", "xds.node"): path segments in order.
  virtual PropertyValue plane_property(std::span<const std::string_view> path) const {
    static_cast<void>(path);
    return {};
  }

  virtual FilterState& filter_state() = 0;
};

// One HTTP request and its response, as one plugin sees them. The runtime calls the verbs below
// only when no guest code of that plugin runs; it may do so from inside one of HttpContext's
// callbacks for this very stream (the plugin asked there) or at any other time on the stream's
// thread (an HTTP call ended). No verb may destroy a context before it returns. Thread: the
// stream's.
class HttpStream : public StreamInfo {
 public:
  // The map, or null where the proxy has none now: not received yet, sent and forgotten. Trailers
  // are offered (and may be empty) from the last body callback on, so that plugins can add some.
  virtual abi::HeaderMap* header_map(abi::MapType) = 0;

  // The body bytes that the plugin may see: within a body callback, or while the stream is paused
  // with some. Null otherwise.
  virtual abi::Buffer* body(Direction) = 0;

  // Goes on after a callback answered with a stop (proxy_continue_stream). No effect where nothing
  // is stopped.
  virtual void resume(Direction) = 0;

  // Answers the client. False: an answer is under way, or headers have gone: the rest is broken
  // off.
  virtual bool send_local_response(const LocalResponse&) = 0;

  // Ends the stream at once, without a response where none has begun (proxy_close_stream).
  virtual void reset() = 0;

  // The plugin failed and its policy is to fail closed: answer 503 where the response has not
  // begun, else reset. `reason` is for logs ("plugin 'auth': unreachable").
  virtual void fail(std::string_view reason) = 0;

  // The route is chosen again when the request goes on.
  virtual void clear_route_cache() = 0;

  // A context whose finish() answered false has finished; it may be destroyed, but not from inside
  // this call.
  virtual void finished() = 0;
};

// One TCP connection from a client, and the one to the upstream, as one plugin sees them.
// Thread: the connection's.
class NetworkStream : public StreamInfo {
 public:
  // The bytes received and not yet passed on: from the client (Request) or from the upstream
  // (Response). Null outside a data callback, unless the direction is stopped with some.
  virtual abi::Buffer* data(Direction) = 0;

  virtual void resume(Direction) = 0;

  // Closes the client's (Request) or the upstream's (Response) connection after what was written.
  virtual void close(Direction) = 0;

  // The plugin failed and its policy is to fail closed: close both.
  virtual void fail(std::string_view reason) = 0;

  // As HttpStream::finished().
  virtual void finished() = 0;
};

}  // namespace weir::runtime

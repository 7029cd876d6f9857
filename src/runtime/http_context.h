#pragma once
// One plugin's view of one HTTP stream: the plane drives it through the stream's events.

#include "abi/types.h"
#include "runtime/stream.h"

namespace weir::runtime {

// Each callback runs the guest's callback of that name, if it has one, and returns what the plane
// is to do. What the guest asked for meanwhile has happened when the callback returns: a resume of
// the same direction turns a stop into Continue; local responses, resets and failures were handed
// to the HttpStream, and the returned action then is a stop. A context whose plugin failed open
// answers Continue to everything. Thread: its worker's.
class HttpContext {
 public:
  // Ends the context at once: what finish() has not yet done happens now.
  virtual ~HttpContext() = default;

  // The stream's header map for the direction is there.
  // StopIteration comes only with `allow_on_headers_stop_iteration`: body callbacks go on.
  virtual abi::HeadersAction on_headers(Direction, abi::EndOfStream) = 0;

  // Body bytes are there: HttpStream::body() holds them, those buffered by a former stop first.
  virtual abi::DataAction on_body(Direction, abi::EndOfStream) = 0;

  virtual abi::TrailersAction on_trailers(Direction) = 0;

  // HTTP/2 METADATA was received.
  virtual void on_metadata(Direction, abi::HeaderMap& metadata) = 0;

  // The stream is complete, or broken off. Runs on_done, then on_log and on_delete. False: the
  // guest wants to finish later (proxy_done); HttpStream and this object may stay until
  // HttpStream::finished(), or be destroyed earlier.
  virtual bool finish() = 0;

  // Whether the guest has a callback for it: a plane may skip work for what nobody looks at.
  virtual bool sees_body(Direction) const = 0;
  virtual bool sees_trailers(Direction) const = 0;
};

}  // namespace weir::runtime

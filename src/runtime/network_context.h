#pragma once
// One plugin's view of one TCP connection: the plane drives it through the connection's events.

#include "abi/types.h"
#include "runtime/stream.h"

namespace weir::runtime {

// As HttpContext, for connections. Thread: its worker's.
class NetworkContext {
 public:
  virtual ~NetworkContext() = default;

  virtual abi::NetworkAction on_new_connection() = 0;

  // Bytes from the client (Request) or the upstream (Response) are in NetworkStream::data().
  virtual abi::NetworkAction on_data(Direction, abi::EndOfStream) = 0;

  // That side's connection has closed; `by` tells who closed it.
  virtual void on_close(Direction, abi::PeerType by) = 0;

  // Both sides have closed. As HttpContext::finish().
  virtual bool finish() = 0;
};

}  // namespace weir::runtime

#pragma once
// A thread for plugins' HTTP and gRPC calls: the server has no client for plugins that takes a
// target, a time-out, HTTP/2 and trailers.

#include <functional>
#include <memory>
#include <string>

#include "planes/ats/call_targets.h"
#include "runtime/upstream.h"

namespace weir::ats_plane {

// One per process, with the connections to all upstreams. Never destroyed.
class CallThread {
 public:
  // Brings an event of a call to the worker that made it.
  using Deliver = std::function<void(std::function<void()> event)>;

  CallThread();
  ~CallThread();

  // Starts a call. `observer` hears of it by tasks that `deliver` is given, on any thread; what
  // comes back is used on the thread that these run on. Thread: any.
  std::unique_ptr<runtime::UpstreamStream> open(std::shared_ptr<const CallTarget> target,
                                                const abi::HeaderList& headers, abi::EndOfStream,
                                                runtime::Protocol, runtime::UpstreamObserver&,
                                                Deliver deliver);

 private:
  class Loop;
  class Call;
  class Handle;

  const std::unique_ptr<Loop> loop_;
};

}  // namespace weir::ats_plane

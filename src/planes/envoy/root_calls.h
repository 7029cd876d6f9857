#pragma once
// Calls that a plugin makes outside of any stream, on a tick or when it is configured: Envoy has
// streams to clusters for streams and, on the main thread, for configurations. So these go through
// the main thread.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "planes/envoy/inbox.h"
#include "planes/envoy/main_thread.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {

// One call: the worker's side of it, and the main thread's.
struct RootCall {
  RootCall(std::shared_ptr<Inbox> worker, runtime::UpstreamObserver& observer, std::string_view to,
           runtime::Protocol protocol)
      : inbox(std::move(worker)),
        events(observer),
        cluster(to),
        needs_stream(protocol == runtime::Protocol::Http2),
        patience(observer.patience()) {}

  // Brings an event to the worker. Thread: any.
  template <typename Tell>
  static void tell(const std::shared_ptr<RootCall>& call, Tell tell) {
    call->inbox->post([call, tell = std::move(tell)]() mutable { tell(call->events); });
  }
  void fail(std::string_view reason);
  // The same of one that has not been started: the plugin's log has the reason.
  void refuse(std::string_view reason);

  static constexpr std::string_view kEnding = "Envoy ends";
  static constexpr std::string_view kCarrierGone = "the configuration that carried it is gone";

  // A request whose end has not come, for a carrier that takes whole ones.
  struct Gathered {
    abi::HeaderList headers;
    std::string body;
  };

  const std::shared_ptr<Inbox> inbox;
  CallEvents events;  // the worker's
  const std::string cluster;
  const bool needs_stream;  // gRPC's answers have trailers
  const Milliseconds patience;
  std::atomic<size_t> queued_bytes = 0;  // on their way to the main thread
  // What Envoy knows it by, and its place among the calls so far. The main thread's.
  const void* config = nullptr;
  uint64_t id = 0;
  uint64_t started = 0;
  std::optional<Gathered> gathered;  // the main thread's
  std::weak_ptr<RootCall> self;
};

// Of one worker. Thread: the worker's.
class RootCalls {
 public:
  RootCalls(MainThread& main, std::shared_ptr<Inbox> inbox)
      : main_(main), inbox_(std::move(inbox)) {}

  // Whether there is such a cluster is found out later: a call to none fails then.
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream, runtime::Protocol,
      runtime::UpstreamObserver& observer);

 private:
  class Handle;

  MainThread& main_;
  std::shared_ptr<Inbox> inbox_;
};

}  // namespace weir::envoy_plane

#pragma once
// Calls that a plugin makes for a stream: on the stream's own worker, for as long as the stream
// lives, as Envoy's Wasm filter makes them.

#include <memory>
#include <unordered_map>

#include "planes/envoy/http_callbacks.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {

class Worker;

// The open calls of one stream. Owned by it; the calls' handles may outlive it. Thread: the
// worker's.
class StreamCalls {
 public:
  StreamCalls(Worker& worker, EnvoyHttpFilter* filter) : worker_(worker), filter_(filter) {}
  ~StreamCalls();

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::UpstreamObserver& observer);

  // Envoy's events.
  void on_headers(uint64_t id, const EnvoyHeader* headers, size_t count, bool end);
  void on_data(uint64_t id, const EnvoyBuffer* pieces, size_t count, bool end);
  void on_trailers(uint64_t id, const EnvoyHeader* trailers, size_t count);
  void on_complete(uint64_t id);
  void on_reset(uint64_t id);

  // The stream ends, and Envoy ends its calls: their plugins hear that they failed.
  void on_stream_end();

 private:
  class Handle;
  // Shared by this and the call's handle.
  struct Call {
    Call(StreamCalls* of, uint64_t number, runtime::UpstreamObserver& observer)
        : owner(of), id(number), events(observer) {}

    StreamCalls* owner;  // null once Envoy has forgotten the call
    uint64_t id;
    CallEvents events;
  };

  std::shared_ptr<Call> find(uint64_t id) const;
  // Envoy has forgotten it.
  std::shared_ptr<Call> take(uint64_t id);
  // Runs `tell` now, or where a guest is running and made Envoy call: later.
  template <typename Tell>
  void deliver(std::shared_ptr<Call> call, Tell tell);

  Worker& worker_;
  EnvoyHttpFilter* filter_;
  std::unordered_map<uint64_t, std::shared_ptr<Call>> calls_;
};

}  // namespace weir::envoy_plane

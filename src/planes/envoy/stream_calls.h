#pragma once
// Calls that a plugin makes for a stream: on the stream's own worker, for as long as the stream
// lives, as Envoy's Wasm filter makes them.

#include <map>
#include <memory>
#include <vector>

#include "planes/envoy/http_callbacks.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {

class Worker;
class WorkerStream;

// The open calls of one stream. A call begins at once, since only then Envoy says whether it can;
// what more there is of it is noted, and Envoy told when the stream is settled: the cluster may
// have filters of this module, too, which it runs then. Owned by the stream; the calls' handles may
// outlive it. Thread: the worker's.
class StreamCalls {
 public:
  StreamCalls(Worker& worker, WorkerStream& stream, EnvoyHttpFilter* filter)
      : worker_(worker), stream_(stream), filter_(filter) {}
  ~StreamCalls();

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::UpstreamObserver& observer);

  // Does what was noted.
  void settle();

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
  struct Call;

  void note(const std::shared_ptr<Call>& call);
  void settle(const std::shared_ptr<Call>& call);
  std::shared_ptr<Call> find(uint64_t id);
  // Envoy has forgotten it.
  std::shared_ptr<Call> take(uint64_t id);
  // Not while the plugin, or settle(), has made Envoy call.
  bool may_tell() const;
  // Runs `tell` as soon as it may be.
  template <typename Tell>
  void deliver(std::shared_ptr<Call> call, Tell tell);

  Worker& worker_;
  WorkerStream& stream_;
  EnvoyHttpFilter* filter_;
  std::vector<std::shared_ptr<Call>> noted_;  // each once
  // That Envoy knows, by its number. Few streams have some: what is empty should cost nothing.
  std::map<uint64_t, std::shared_ptr<Call>> calls_;
  std::shared_ptr<Call> starting_;  // its events may come before Envoy has told its number
  bool settling_ = false;
};

}  // namespace weir::envoy_plane

#pragma once
// HTTP calls that a plugin makes for a connection: on the connection's own worker, for as long as
// it lives.

#include <memory>
#include <unordered_map>
#include <vector>

#include "planes/envoy/network_callbacks.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {

class Worker;
class WorkerStream;

// The open calls of one connection. Envoy has calls of one request and one answer for it, so a
// request goes out when its end has come and the connection is settled: the cluster may have
// filters of this module, too, which run then. Owned by the connection; the calls' handles may
// outlive it. Thread: the worker's.
class NetworkCalls {
 public:
  NetworkCalls(Worker& worker, WorkerStream& stream, EnvoyNetworkFilter* filter)
      : worker_(worker), stream_(stream), filter_(filter) {}
  ~NetworkCalls();

  // Whether there is such a cluster is known at once.
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::UpstreamObserver& observer);

  // Requests that are complete go out.
  void settle();

  // Envoy's event.
  void on_done(uint64_t id, const CalloutEnd& end);

  // The connection ends, and Envoy ends its calls: their plugins hear that they failed.
  void on_stream_end();

 private:
  class Handle;
  struct Call;

  void send(const std::shared_ptr<Call>& call);

  Worker& worker_;
  WorkerStream& stream_;
  EnvoyNetworkFilter* filter_;
  std::unordered_map<const Call*, std::shared_ptr<Call>> gathering_;
  std::vector<std::shared_ptr<Call>> complete_;                // to be sent
  std::unordered_map<uint64_t, std::shared_ptr<Call>> calls_;  // by Envoy's number
  std::shared_ptr<Call> starting_;  // its end may come before Envoy has told its number
  bool settling_ = false;
};

}  // namespace weir::envoy_plane

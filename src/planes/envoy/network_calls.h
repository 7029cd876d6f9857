#pragma once
// HTTP calls that a plugin makes for a connection: on the connection's own worker, for as long as
// it lives.

#include <memory>
#include <unordered_map>

#include "planes/envoy/network_callbacks.h"
#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {

class Worker;

// The open calls of one connection. Envoy has calls of one request and one answer for it, so a
// request goes out when its end has come. Owned by the connection; the calls' handles may outlive
// it. Thread: the worker's.
class NetworkCalls {
 public:
  NetworkCalls(Worker& worker, EnvoyNetworkFilter* filter) : worker_(worker), filter_(filter) {}
  ~NetworkCalls();

  // Where the request does not end here, whether there is such a cluster is found out later.
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::UpstreamObserver& observer);

  // Envoy's event.
  void on_done(uint64_t id, const CalloutEnd& end);

  // The connection ends, and Envoy ends its calls: their plugins hear that they failed.
  void on_stream_end();

 private:
  class Handle;
  struct Call;

  // What Envoy says of the call whose request is complete.
  CallStart send(const std::shared_ptr<Call>& call);

  Worker& worker_;
  EnvoyNetworkFilter* filter_;
  std::unordered_map<const Call*, std::shared_ptr<Call>> gathering_;
  std::unordered_map<uint64_t, std::shared_ptr<Call>> calls_;  // by Envoy's number
};

}  // namespace weir::envoy_plane

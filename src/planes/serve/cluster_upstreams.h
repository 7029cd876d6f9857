#pragma once
// The upstreams that plugins call: the worker's clusters, by name.

#include <map>
#include <string>

#include "planes/serve/exchange.h"
#include "planes/serve/reaper.h"
#include "runtime/upstream.h"

namespace weir::serve {

// Thread: its worker's.
class ClusterUpstreams final : public runtime::Upstreams {
 public:
  explicit ClusterUpstreams(Reaper& reaper) : reaper_(reaper) {}

  // `cluster` outlives this and every stream.
  void add(std::string name, Cluster& cluster) { clusters_.emplace(std::move(name), &cluster); }

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::Protocol protocol, runtime::UpstreamObserver& observer) override;

 private:
  Reaper& reaper_;
  std::map<std::string, Cluster*, std::less<>> clusters_;
};

}  // namespace weir::serve

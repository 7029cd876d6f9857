#pragma once
// The upstreams that plugins call: the worker's clusters, by name.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "planes/serve/exchange.h"
#include "planes/serve/reaper.h"
#include "runtime/upstream.h"

namespace weir::serve {

using NamedClusters = std::map<std::string, std::shared_ptr<Cluster>, std::less<>>;

// Each generation of the configuration has its clusters; a name is looked for in the newest first,
// so that plugins of an older one still find what only theirs has. Thread: its worker's.
class ClusterUpstreams final : public runtime::Upstreams {
 public:
  explicit ClusterUpstreams(Reaper& reaper) : reaper_(reaper) {}

  // Looks through these before those that are there. `clusters` stays where it is until removed.
  void push_front(const NamedClusters& clusters) {
    newest_first_.insert(newest_first_.begin(), &clusters);
  }
  void remove(const NamedClusters& clusters) { std::erase(newest_first_, &clusters); }

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::Protocol protocol, runtime::UpstreamObserver& observer) override;

 private:
  std::shared_ptr<Cluster> find(std::string_view name) const;

  Reaper& reaper_;
  std::vector<const NamedClusters*> newest_first_;
};

}  // namespace weir::serve

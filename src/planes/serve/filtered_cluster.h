#pragma once
// A cluster whose requests pass plugins of its own, behind the router: each try passes fresh
// contexts of them (Envoy's upstream HTTP filters).

#include <memory>
#include <string>
#include <vector>

#include "planes/serve/exchange.h"
#include "planes/serve/filter_chain.h"

namespace weir::serve {

// What such a cluster is made of. The references outlive it.
struct FilteredClusterParts {
  std::shared_ptr<Cluster> cluster;
  // In the order in which requests pass them, with the names of the plugins. They hold what they
  // need: requests that began earlier are tried again also when a later configuration serves.
  std::vector<MakeContext> plugins;
  std::vector<std::string> plugin_names;
  Reaper& reaper;
  TimeoutQueue& timeouts;
  runtime::WorkerServices& services;
  const Clock& clock;
  FilterChains& open;
};

// Connections of the caller's own, and retries, are the cluster's, as if there were no plugins.
// Thread: its worker's.
class FilteredCluster final : public Cluster {
 public:
  explicit FilteredCluster(FilteredClusterParts parts);
  FilteredCluster(const FilteredCluster&) = delete;
  FilteredCluster& operator=(const FilteredCluster&) = delete;

  std::unique_ptr<UpstreamExchange> open(MessageSink& response, MessageSource* request,
                                         bool need_http2) override;
  std::unique_ptr<UpstreamExchange> open_for(const ConnectionInfo& client, MessageSink& response,
                                             MessageSource* request) override;
  bool begin_retry() override { return parts_.cluster->begin_retry(); }
  void end_retry() override { parts_.cluster->end_retry(); }
  std::unique_ptr<Dial> dial(DialEvents& events) override { return parts_.cluster->dial(events); }

 private:
  const FilteredClusterParts parts_;
  const RouteTable routes_;  // all to the cluster
  Cluster* const behind_;
  RouterStats router_stats_;  // nobody looks at them: the listeners' routers count
  RouterStats* const counted_ = &router_stats_;
  ExchangeStats exchange_stats_;
  const ChainParts chain_;
};

}  // namespace weir::serve

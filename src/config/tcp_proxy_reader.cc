#include "config/tcp_proxy_reader.h"

#include "config/durations.h"

namespace weir::config {

namespace tcp_proxy_v3 = envoy::extensions::filters::network::tcp_proxy::v3;

namespace {

Result<std::vector<TcpProxy::Target>> read_targets(const tcp_proxy_v3::TcpProxy& message,
                                                   const ClusterNames& clusters, const Place& at) {
  std::vector<TcpProxy::Target> targets;
  if (message.has_cluster()) {
    WEIR_TRY(check_cluster(message.cluster(), clusters, at.field("cluster")));
    targets.push_back({.cluster = message.cluster()});
    return targets;
  }
  uint64_t sum = 0;
  const Place list = at.field("weighted_clusters").field("clusters");
  for (int i = 0; i < message.weighted_clusters().clusters_size(); ++i) {
    const auto& target = message.weighted_clusters().clusters(i);
    const Place here = list.item(static_cast<size_t>(i));
    WEIR_TRY(check_cluster(target.name(), clusters, here.field("name")));
    sum += target.weight();
    if (sum > UINT32_MAX) {
      return here.field("weight").error("the weights add up to more than 4294967295");
    }
    targets.push_back({.cluster = target.name(), .weight = target.weight()});
  }
  return targets;
}

}  // namespace

Result<TcpProxy> read_tcp_proxy(const tcp_proxy_v3::TcpProxy& message, const ClusterNames& clusters,
                                const Place& at) {
  TcpProxy proxy;
  proxy.stat_prefix = message.stat_prefix();
  WEIR_TRY(proxy.targets, read_targets(message, clusters, at));
  if (message.has_idle_timeout()) proxy.idle_timeout = to_milliseconds(message.idle_timeout());
  if (message.has_max_connect_attempts()) {
    proxy.max_connect_attempts = message.max_connect_attempts().value();
  }
  return proxy;
}

}  // namespace weir::config

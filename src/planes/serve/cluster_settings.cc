#include "planes/serve/cluster_settings.h"

namespace weir::serve {

ClusterSettings cluster_settings(const config::Cluster& cluster) {
  ClusterSettings settings;
  settings.name = cluster.name;
  for (const config::SocketAddress& address : cluster.endpoints) {
    settings.endpoints.push_back({address.host, address.port});
  }
  settings.first_address_only = cluster.discovery == config::Cluster::Discovery::LogicalDns;
  settings.http2 = cluster.http2;
  settings.server_names = cluster.server_names;
  settings.http2_options = cluster.http2_options;
  settings.connection_limits = cluster.connection_limits;
  if (const auto& idle = cluster.connection_limits.idle_timeout) settings.idle_timeout = *idle;
  if (const auto& most = cluster.connection_limits.max_headers) settings.max_header_count = *most;
  settings.connect_timeout = cluster.connect_timeout;
  settings.limits = cluster.limits;
  settings.balancing = cluster.balancing;
  settings.choice_count = cluster.choice_count;
  settings.health_checks = cluster.health_checks;
  settings.outlier_detection = cluster.outlier_detection;
  settings.panic_threshold = cluster.panic_threshold;
  settings.resolve_interval = cluster.dns_refresh;
  return settings;
}

}  // namespace weir::serve

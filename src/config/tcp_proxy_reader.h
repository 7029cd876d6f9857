#pragma once
// From the message of the TCP proxy to its settings.

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/cluster_names.h"
#include "config/source_map.h"
#include "weir/envoy/tcp_proxy.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<TcpProxy> read_tcp_proxy(
    const envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy& message,
    const ClusterNames& clusters, const Place& at);

}  // namespace weir::config

#pragma once
// From the messages of transport sockets to their settings.

#include "base/result.h"
#include "config/source_map.h"
#include "config/tls.h"
#include "weir/envoy/core.pb.h"

namespace envoy::extensions::transport_sockets::tls::v3 {
class UpstreamTlsContext;
}

namespace weir::config {

// Towards clients; the message is a DownstreamTlsContext.
Result<Tls> read_downstream_tls(const envoy::config::core::v3::TransportSocket& message,
                                const Place& at);

// Towards upstreams; the message is an UpstreamTlsContext.
Result<Tls> read_upstream_tls(const envoy::config::core::v3::TransportSocket& message,
                              const Place& at);
// The same, of that message at `at`.
Result<Tls> read_upstream_tls(
    const envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext& message,
    const Place& at);

}  // namespace weir::config

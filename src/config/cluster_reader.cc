#include "config/cluster_reader.h"

#include <set>

#include "base/lower_case.h"
#include "config/durations.h"
#include "config/health_check_reader.h"
#include "config/http2_options_reader.h"
#include "config/http_filter_reader.h"
#include "config/outlier_detection_reader.h"
#include "config/socket_address.h"
#include "config/tls_reader.h"
#include "config/unpack.h"
#include "weir/envoy/http_protocol_options.pb.h"

namespace weir::config {
namespace {

namespace cluster_v3 = envoy::config::cluster::v3;
using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;

Cluster::Discovery read_discovery(cluster_v3::Cluster::DiscoveryType type) {
  if (type == cluster_v3::Cluster::STRICT_DNS) return Cluster::Discovery::StrictDns;
  if (type == cluster_v3::Cluster::LOGICAL_DNS) return Cluster::Discovery::LogicalDns;
  return Cluster::Discovery::Static;
}

Result<SocketAddress> read_endpoint(const envoy::config::core::v3::Address& message,
                                    Cluster::Discovery discovery, const Place& at) {
  WEIR_TRY(SocketAddress address, read_address(message, at));
  Place here = at.field("socket_address");
  if (address.port == 0) return here.field("port_value").error("nobody can be reached at port 0");
  if (discovery == Cluster::Discovery::Static && !is_ip_address(address.host)) {
    return here.field("address").error(quote(address.host) +
                                       " is not an IP address; a cluster of type STRICT_DNS "
                                       "resolves names");
  }
  return address;
}

Result<std::vector<SocketAddress>> read_endpoints(
    const envoy::config::endpoint::v3::ClusterLoadAssignment& message, Cluster::Discovery discovery,
    const Place& at) {
  std::vector<SocketAddress> out;
  for (int i = 0; i < message.endpoints_size(); ++i) {
    const auto& locality = message.endpoints(i);
    for (int j = 0; j < locality.lb_endpoints_size(); ++j) {
      Place here = at.field("endpoints").item(static_cast<size_t>(i));
      here = here.field("lb_endpoints").item(static_cast<size_t>(j));
      here = here.field("endpoint").field("address");
      if (discovery == Cluster::Discovery::LogicalDns && !out.empty()) {
        return here.error("a cluster of type LOGICAL_DNS has one endpoint");
      }
      const auto& address = locality.lb_endpoints(j).endpoint().address();
      WEIR_TRY(SocketAddress endpoint, read_endpoint(address, discovery, here));
      out.push_back(std::move(endpoint));
    }
  }
  return out;
}

Result<ServerNames> read_server_names(
    const envoy::config::core::v3::UpstreamHttpProtocolOptions& message,
    const cluster_v3::Cluster& cluster, const Place& at) {
  const ServerNames names{.sends = message.auto_sni(),
                          .checks = message.auto_san_validation(),
                          .header = lower_case(message.override_auto_sni_header())};
  if (!names.header.empty() && !names.any()) {
    return at.field("override_auto_sni_header")
        .error("says nothing without auto_sni or auto_san_validation");
  }
  if (names.any() && !cluster.has_transport_socket()) {
    return at.field(names.sends ? "auto_sni" : "auto_san_validation")
        .error("the cluster has no transport_socket, so no TLS");
  }
  return names;
}

// What is spoken, and the plugins that requests pass before.
Done read_protocol(const cluster_v3::Cluster& message, const Environment& environment,
                   const Place& at, Cluster& into) {
  const std::string& known = HttpProtocolOptions::descriptor()->full_name();
  for (const auto& [key, any] : message.typed_extension_protocol_options()) {
    Place here = at.field("typed_extension_protocol_options").entry(key);
    if (key != known) return here.error("unknown key; expected " + known);
    if (!any.Is<HttpProtocolOptions>()) {
      return here.error("expected a message of type " + known + ", got " + quote(type_name(any)));
    }
    WEIR_TRY(auto options, unpack<HttpProtocolOptions>(any, here));
    const auto& chosen = options.explicit_http_config();
    into.http2 = chosen.has_http2_protocol_options();
    WEIR_TRY(
        into.http2_options,
        read_http2_options(chosen.http2_protocol_options(),
                           here.field("explicit_http_config").field("http2_protocol_options")));
    const auto& common = options.common_http_protocol_options();
    if (common.has_max_stream_duration()) {
      return here.field("common_http_protocol_options")
          .field("max_stream_duration")
          .error("is for listeners; write the timeout of a route");
    }
    if (common.headers_with_underscores_action() != 0) {
      return here.field("common_http_protocol_options")
          .field("headers_with_underscores_action")
          .error("is for listeners");
    }
    WEIR_TRY(into.connection_limits,
             read_connection_limits(common, here.field("common_http_protocol_options")));
    if (options.http_filters_size() > 0) {
      WEIR_TRY(into.plugins.list, read_http_filters(options.http_filters(), HttpFiltersOf::Cluster,
                                                    environment, here.field("http_filters")));
    }
    WEIR_TRY(into.server_names, read_server_names(options.upstream_http_protocol_options(), message,
                                                  here.field("upstream_http_protocol_options")));
  }
  return Unit{};
}

Cluster::Balancing read_balancing(cluster_v3::Cluster::LbPolicy policy) {
  if (policy == cluster_v3::Cluster::LEAST_REQUEST) return Cluster::Balancing::LeastRequest;
  if (policy == cluster_v3::Cluster::RANDOM) return Cluster::Balancing::Random;
  return Cluster::Balancing::RoundRobin;
}

Result<CircuitBreakers> read_limits(const cluster_v3::CircuitBreakers& message, const Place& at) {
  CircuitBreakers limits;
  if (message.thresholds_size() == 0) return limits;
  if (message.thresholds_size() > 1) {
    return at.field("thresholds")
        .item(1)
        .error(
            "requests have one priority, so limits are given "
            "once");
  }
  const auto& given = message.thresholds(0);
  if (given.has_max_connections()) limits.max_connections = given.max_connections().value();
  if (given.has_max_pending_requests()) {
    limits.max_pending_requests = given.max_pending_requests().value();
  }
  if (given.has_max_requests()) limits.max_requests = given.max_requests().value();
  if (given.has_max_retries()) limits.max_retries = given.max_retries().value();
  return limits;
}

Done read_balance(const cluster_v3::Cluster& message, const Place& at, Cluster& into) {
  into.balancing = read_balancing(message.lb_policy());
  if (message.has_least_request_lb_config()) {
    if (into.balancing != Cluster::Balancing::LeastRequest) {
      return at.field("least_request_lb_config")
          .error("lb_policy is another one; write LEAST_REQUEST there, or leave this out");
    }
    if (message.least_request_lb_config().has_choice_count()) {
      into.choice_count = message.least_request_lb_config().choice_count().value();
    }
  }
  if (message.common_lb_config().has_healthy_panic_threshold()) {
    const double percent = message.common_lb_config().healthy_panic_threshold().value();
    if (!(percent >= 0 && percent <= 100)) {
      return at.field("common_lb_config")
          .field("healthy_panic_threshold")
          .field("value")
          .error("expected a number from 0 to 100");
    }
    into.panic_threshold = percent;
  }
  return Unit{};
}

Result<Cluster> read_cluster(const cluster_v3::Cluster& message, const Environment& environment,
                             const Place& at) {
  Cluster cluster;
  cluster.name = message.name();
  cluster.discovery = read_discovery(message.type());
  if (message.has_connect_timeout()) {
    cluster.connect_timeout = to_milliseconds(message.connect_timeout());
  }
  WEIR_TRY(cluster.endpoints, read_endpoints(message.load_assignment(), cluster.discovery,
                                             at.field("load_assignment")));
  if (message.has_dns_refresh_rate()) {
    cluster.dns_refresh = to_milliseconds(message.dns_refresh_rate());
  }
  WEIR_TRY(read_balance(message, at, cluster));
  WEIR_TRY(cluster.limits, read_limits(message.circuit_breakers(), at.field("circuit_breakers")));
  WEIR_TRY(cluster.health_checks,
           read_health_checks(message.health_checks(), at.field("health_checks")));
  WEIR_TRY(read_protocol(message, environment, at, cluster));
  if (message.has_outlier_detection()) {
    WEIR_TRY(cluster.outlier_detection,
             read_outlier_detection(message.outlier_detection(), at.field("outlier_detection")));
  }
  if (message.has_transport_socket()) {
    WEIR_TRY(cluster.tls,
             read_upstream_tls(message.transport_socket(), at.field("transport_socket")));
    if (cluster.server_names.checks &&
        (!cluster.tls->validation || !cluster.tls->validation->trusted_ca)) {
      return at.field("transport_socket")
          .error(
              "auto_san_validation needs a trusted_ca in the validation_context: without one "
              "anybody may have issued the certificate");
    }
    // What Envoy's codecs offer by themselves.
    if (cluster.tls->alpn.empty() && cluster.http2) cluster.tls->alpn = {"h2"};
  }
  return cluster;
}

}  // namespace

Result<SocketAddress> read_address(const envoy::config::core::v3::Address& message,
                                   const Place& at) {
  const auto& socket = message.socket_address();
  if (socket.protocol() != envoy::config::core::v3::SocketAddress::TCP) {
    return at.field("socket_address").field("protocol").error("only TCP is served");
  }
  return SocketAddress{socket.address(), static_cast<uint16_t>(socket.port_value())};
}

Result<SocketAddress> read_ip_address(const envoy::config::core::v3::Address& message,
                                      const Place& at) {
  WEIR_TRY(SocketAddress address, read_address(message, at));
  if (is_ip_address(address.host)) return address;
  return at.field("socket_address")
      .field("address")
      .error(quote(address.host) + " is not an IP address");
}

Result<std::vector<Cluster>> read_clusters(
    const google::protobuf::RepeatedPtrField<cluster_v3::Cluster>& messages,
    const Environment& environment, const Place& at) {
  std::vector<Cluster> out;
  std::set<std::string> names;
  for (int i = 0; i < messages.size(); ++i) {
    Place here = at.item(static_cast<size_t>(i));
    if (!names.insert(messages[i].name()).second) {
      return here.field("name").error("there is another cluster " + quote(messages[i].name()));
    }
    WEIR_TRY(Cluster cluster, read_cluster(messages[i], environment, here));
    out.push_back(std::move(cluster));
  }
  return out;
}

}  // namespace weir::config

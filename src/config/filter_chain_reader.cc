#include "config/filter_chain_reader.h"

#include <algorithm>

#include "base/lower_case.h"
#include "config/access_log_reader.h"
#include "config/chain_match_reader.h"
#include "config/durations.h"
#include "config/header_edit_reader.h"
#include "config/http2_options_reader.h"
#include "config/http_filter_reader.h"
#include "config/route_reader.h"
#include "config/tcp_proxy_reader.h"
#include "config/tls_reader.h"
#include "config/unpack.h"
#include "config/uri_rules_reader.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/network_wasm.pb.h"
#include "weir/envoy/router.pb.h"
#include "weir/envoy/tcp_proxy.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace listener_v3 = envoy::config::listener::v3;
namespace filters = envoy::extensions::filters;
using NetworkWasm = filters::network::wasm::v3::Wasm;
using filters::http::router::v3::Router;
using filters::network::http_connection_manager::v3::HttpConnectionManager;
using TcpProxyMessage = filters::network::tcp_proxy::v3::TcpProxy;
using weir::v1::PluginOptions;

FilterChain::Codec read_codec(HttpConnectionManager::CodecType type) {
  if (type == HttpConnectionManager::HTTP1) return FilterChain::Codec::Http1;
  if (type == HttpConnectionManager::HTTP2) return FilterChain::Codec::Http2;
  return FilterChain::Codec::Auto;
}

// Nothing where all filters are passed by all requests.
std::vector<FilterSwitch> filter_switches(const HttpConnectionManager& manager,
                                          const RouteConfiguration& routes) {
  std::vector<FilterSwitch> filters;
  bool any = !routes.filters.empty();
  for (const VirtualHost& host : routes.virtual_hosts) {
    any |= !host.filters.empty();
    for (const Route& route : host.routes) any |= !route.filters.empty();
  }
  for (int i = 0; i + 1 < manager.http_filters_size(); ++i) {
    const auto& filter = manager.http_filters(i);
    any |= filter.disabled();
    filters.push_back({filter.name(), !filter.disabled()});
  }
  return any ? filters : std::vector<FilterSwitch>();
}

HttpIdentity::ClientCert read_client_cert(HttpConnectionManager::ForwardClientCertDetails details) {
  using enum HttpIdentity::ClientCert;
  switch (details) {
    case HttpConnectionManager::FORWARD_ONLY:
      return Forward;
    case HttpConnectionManager::APPEND_FORWARD:
      return Append;
    case HttpConnectionManager::SANITIZE_SET:
      return Set;
    case HttpConnectionManager::ALWAYS_FORWARD_ONLY:
      return AlwaysForward;
    default:
      return Sanitize;
  }
}

Result<HttpIdentity> read_identity(const HttpConnectionManager& manager, const Place& at) {
  HttpIdentity identity;
  identity.use_remote_address = manager.use_remote_address().value();
  identity.xff_num_trusted_hops = manager.xff_num_trusted_hops();
  identity.skip_xff_append = manager.skip_xff_append();
  WEIR_TRY(identity.via, read_header_text(manager.via(), at.field("via")));
  if (manager.has_generate_request_id()) {
    identity.generate_request_id = manager.generate_request_id().value();
  }
  identity.preserve_external_request_id = manager.preserve_external_request_id();
  identity.request_id_in_response = manager.always_set_request_id_in_response();
  identity.client_cert = read_client_cert(manager.forward_client_cert_details());
  const auto& details = manager.set_current_client_cert_details();
  identity.cert_details = {.subject = details.subject().value(),
                           .cert = details.cert(),
                           .dns = details.dns(),
                           .uri = details.uri()};
  if (!manager.server_name().empty()) {
    WEIR_TRY(identity.server_name,
             read_header_text(manager.server_name(), at.field("server_name")));
  }
  using enum HttpIdentity::ServerHeader;
  switch (manager.server_header_transformation()) {
    case HttpConnectionManager::APPEND_IF_ABSENT:
      identity.server_header = AppendIfAbsent;
      break;
    case HttpConnectionManager::PASS_THROUGH:
      identity.server_header = PassThrough;
      break;
    default:
      break;
  }
  return identity;
}

Result<RequestLimits> read_request_limits(const HttpConnectionManager& manager,
                                          const ConnectionLimits& connection, const Place& at) {
  RequestLimits limits;
  if (manager.has_stream_idle_timeout()) {
    limits.stream_idle = to_milliseconds(manager.stream_idle_timeout());
  }
  limits.duration = to_milliseconds(manager.request_timeout());
  if (manager.has_request_headers_timeout()) {
    limits.head = to_milliseconds(manager.request_headers_timeout());
  }
  if (manager.has_max_request_headers_kb()) {
    constexpr uint32_t kMost = 8192;
    const uint32_t kibibytes = manager.max_request_headers_kb().value();
    if (kibibytes == 0 || kibibytes > kMost) {
      return at.field("max_request_headers_kb")
          .error("expected a number from 1 to " + std::to_string(kMost));
    }
    limits.max_header_bytes = kibibytes * 1024;
  }
  if (connection.max_headers) limits.max_headers = *connection.max_headers;
  using envoy::config::core::v3::HttpProtocolOptions;
  switch (manager.common_http_protocol_options().headers_with_underscores_action()) {
    case HttpProtocolOptions::REJECT_REQUEST:
      limits.underscores = RequestLimits::Underscores::Reject;
      break;
    case HttpProtocolOptions::DROP_HEADER:
      limits.underscores = RequestLimits::Underscores::Drop;
      break;
    default:
      break;
  }
  return limits;
}

Result<std::vector<std::string>> read_upgrades(const HttpConnectionManager& manager,
                                               const Place& at) {
  std::vector<std::string> upgrades;
  for (int i = 0; i < manager.upgrade_configs_size(); ++i) {
    const auto& message = manager.upgrade_configs(i);
    const std::string type = lower_case(message.upgrade_type());
    const Place here = at.item(static_cast<size_t>(i)).field("upgrade_type");
    if (type != "websocket" && type != "connect") {
      return here.error("expected websocket or CONNECT, got " + quote(message.upgrade_type()));
    }
    if (std::ranges::count(upgrades, type) > 0) return here.error("is given twice");
    if (!message.has_enabled() || message.enabled().value()) upgrades.push_back(type);
  }
  return upgrades;
}

Done read_manager(const HttpConnectionManager& manager, const std::set<std::string>& clusters,
                  const Environment& environment, const Place& at, FilterChain& into) {
  into.codec = read_codec(manager.codec_type());
  into.stat_prefix = manager.stat_prefix();
  const auto& http2 = manager.http2_protocol_options();
  WEIR_TRY(into.http2_options, read_http2_options(http2, at.field("http2_protocol_options")));
  if (manager.has_stream_error_on_invalid_http_message() &&
      !http2.has_override_stream_error_on_invalid_http_message()) {
    into.http2_options.stream_error_on_invalid_message =
        manager.stream_error_on_invalid_http_message().value();
  }
  WEIR_TRY(into.limits, read_connection_limits(manager.common_http_protocol_options(),
                                               at.field("common_http_protocol_options")));
  WEIR_TRY(into.requests, read_request_limits(manager, into.limits, at));
  WEIR_TRY(into.access_logs,
           read_access_logs(manager.access_log(), environment, at.field("access_log")));
  WEIR_TRY(into.plugins, read_http_filters(manager.http_filters(), HttpFiltersOf::Listener,
                                           environment, at.field("http_filters")));
  const int last = manager.http_filters_size() - 1;
  WEIR_TRY(const Router router,
           unpack<Router>(manager.http_filters(last).typed_config(),
                          at.field("http_filters").item(static_cast<size_t>(last))));
  into.tells_service_time = !router.suppress_envoy_headers();
  std::set<std::string> filters;
  for (const auto& filter : manager.http_filters()) filters.insert(filter.name());
  WEIR_TRY(into.routes, read_routes(manager.route_config(), clusters, filters, environment,
                                    at.field("route_config")));
  into.filters = filter_switches(manager, into.routes);
  WEIR_TRY(into.identity, read_identity(manager, at));
  WEIR_TRY(into.uri, read_uri_rules(manager, at));
  WEIR_TRY(into.upgrades, read_upgrades(manager, at.field("upgrade_configs")));
  return Unit{};
}

// A plugin among a connection's filters.
Result<PluginSettings> read_network_plugin(const google::protobuf::Any& config,
                                           const Environment& environment, const Place& at) {
  if (config.Is<NetworkWasm>()) {
    WEIR_TRY(NetworkWasm wasm, unpack<NetworkWasm>(config, at));
    return make_plugin_settings(wasm.config(), at.field("config"), environment);
  }
  WEIR_TRY(PluginOptions options, unpack<PluginOptions>(config, at));
  return make_plugin_settings(options, at, environment);
}

Error unknown_network_filter(const google::protobuf::Any& config, const Place& at) {
  return at.error(quote(type_name(config)) + " is no filter of connections; expected one of " +
                  NetworkWasm::descriptor()->full_name() + ", " +
                  PluginOptions::descriptor()->full_name() + ", " +
                  TcpProxyMessage::descriptor()->full_name() + ", " +
                  HttpConnectionManager::descriptor()->full_name());
}

// Plugins, and then what takes the bytes: HTTP, or the TCP proxy.
Done read_filters(const listener_v3::FilterChain& chain, const std::set<std::string>& clusters,
                  const Environment& environment, const Place& at, FilterChain& into) {
  const int last = chain.filters_size() - 1;
  for (int i = 0; i <= last; ++i) {
    const google::protobuf::Any& config = chain.filters(i).typed_config();
    const Place here = at.field("filters").item(static_cast<size_t>(i)).field("typed_config");
    const bool ends_chain = config.Is<HttpConnectionManager>() || config.Is<TcpProxyMessage>();
    if (ends_chain && i < last) {
      return here.error(quote(type_name(config)) +
                        " has to be the last filter; none is reached after it");
    }
    if (config.Is<HttpConnectionManager>()) {
      WEIR_TRY(auto manager, unpack<HttpConnectionManager>(config, here));
      return read_manager(manager, clusters, environment, here, into);
    }
    if (config.Is<TcpProxyMessage>()) {
      WEIR_TRY(auto proxy, unpack<TcpProxyMessage>(config, here));
      WEIR_TRY(into.tcp_proxy, read_tcp_proxy(proxy, clusters, here));
      WEIR_TRY(into.access_logs,
               read_access_logs(proxy.access_log(), environment, here.field("access_log")));
      return Unit{};
    }
    if (!config.Is<NetworkWasm>() && !config.Is<PluginOptions>()) {
      return unknown_network_filter(config, here);
    }
    WEIR_TRY(PluginSettings plugin, read_network_plugin(config, environment, here));
    into.network_plugins.push_back(std::move(plugin));
  }
  return at.field("filters").error("the last filter has to be " +
                                   HttpConnectionManager::descriptor()->full_name() + " or " +
                                   TcpProxyMessage::descriptor()->full_name());
}

}  // namespace

Result<FilterChain> read_filter_chain(const listener_v3::FilterChain& message,
                                      const std::set<std::string>& clusters,
                                      const Environment& environment, const Place& at) {
  FilterChain chain;
  chain.name = message.name();
  WEIR_TRY(chain.match,
           read_chain_match(message.filter_chain_match(), at.field("filter_chain_match")));
  if (message.has_transport_socket()) {
    WEIR_TRY(chain.tls,
             read_downstream_tls(message.transport_socket(), at.field("transport_socket")));
  }
  if (message.has_transport_socket_connect_timeout()) {
    if (!chain.tls) {
      return at.field("transport_socket_connect_timeout")
          .error("there is no transport_socket, so no handshake to wait for");
    }
    chain.tls->handshake_timeout = to_milliseconds(message.transport_socket_connect_timeout());
  }
  WEIR_TRY(read_filters(message, clusters, environment, at, chain));
  return chain;
}

}  // namespace weir::config

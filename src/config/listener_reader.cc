#include "config/listener_reader.h"

#include <algorithm>
#include <iterator>

#include "config/access_log_reader.h"
#include "config/cluster_reader.h"
#include "config/route_reader.h"
#include "config/tcp_proxy_reader.h"
#include "config/unpack.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/network_wasm.pb.h"
#include "weir/envoy/router.pb.h"
#include "weir/envoy/tcp_proxy.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace v3 = envoy::config::listener::v3;
namespace filters = envoy::extensions::filters;
using HttpWasm = filters::http::wasm::v3::Wasm;
using NetworkWasm = filters::network::wasm::v3::Wasm;
using filters::http::router::v3::Router;
using filters::network::http_connection_manager::v3::HttpConnectionManager;
using filters::network::tcp_proxy::v3::TcpProxy;
using weir::v1::PluginOptions;

Listener::Codec read_codec(HttpConnectionManager::CodecType type) {
  if (type == HttpConnectionManager::HTTP1) return Listener::Codec::Http1;
  if (type == HttpConnectionManager::HTTP2) return Listener::Codec::Http2;
  return Listener::Codec::Auto;
}

Result<PluginSettings> read_http_filter(const google::protobuf::Any& config,
                                        const Environment& environment, const Place& at) {
  if (config.Is<HttpWasm>()) {
    WEIR_TRY(HttpWasm wasm, unpack<HttpWasm>(config, at));
    return make_plugin_settings(wasm.config(), at.field("config"), environment);
  }
  if (config.Is<PluginOptions>()) {
    WEIR_TRY(PluginOptions options, unpack<PluginOptions>(config, at));
    return make_plugin_settings(options, at, environment);
  }
  return at.error(quote(type_name(config)) + " is no HTTP filter; expected one of " +
                  HttpWasm::descriptor()->full_name() + ", " +
                  PluginOptions::descriptor()->full_name() + ", " +
                  Router::descriptor()->full_name());
}

Result<std::vector<PluginSettings>> read_http_filters(const HttpConnectionManager& manager,
                                                      const Environment& environment,
                                                      const Place& at) {
  std::vector<PluginSettings> plugins;
  int last = manager.http_filters_size() - 1;
  for (int i = 0; i <= last; ++i) {
    const google::protobuf::Any& config = manager.http_filters(i).typed_config();
    Place here = at.item(static_cast<size_t>(i));
    bool router = config.Is<Router>();
    if (router && i == last) return plugins;
    if (router) return here.error("the router has to be the last filter; none is reached after it");
    const Place filter = here.field("typed_config");
    WEIR_TRY(PluginSettings plugin, read_http_filter(config, environment, filter));
    plugin.where = filter.describe();
    plugins.push_back(std::move(plugin));
  }
  return at.error("the last filter has to be the router, " + Router::descriptor()->full_name());
}

Done read_manager(const HttpConnectionManager& manager, const std::set<std::string>& clusters,
                  const Environment& environment, const Place& at, Listener& into) {
  into.codec = read_codec(manager.codec_type());
  WEIR_TRY(into.access_logs,
           read_access_logs(manager.access_log(), environment, at.field("access_log")));
  WEIR_TRY(into.plugins, read_http_filters(manager, environment, at.field("http_filters")));
  WEIR_TRY(into.routes,
           read_routes(manager.route_config(), clusters, environment, at.field("route_config")));
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
                  TcpProxy::descriptor()->full_name() + ", " +
                  HttpConnectionManager::descriptor()->full_name());
}

// Plugins, and then what takes the bytes: HTTP, or the TCP proxy.
Done read_filter_chain(const v3::FilterChain& chain, const std::set<std::string>& clusters,
                       const Environment& environment, const Place& at, Listener& into) {
  into.filter_chain = chain.name();
  const int last = chain.filters_size() - 1;
  for (int i = 0; i <= last; ++i) {
    const google::protobuf::Any& config = chain.filters(i).typed_config();
    const Place here = at.field("filters").item(static_cast<size_t>(i)).field("typed_config");
    const bool ends_chain = config.Is<HttpConnectionManager>() || config.Is<TcpProxy>();
    if (ends_chain && i < last) {
      return here.error(quote(type_name(config)) +
                        " has to be the last filter; none is reached after it");
    }
    if (config.Is<HttpConnectionManager>()) {
      WEIR_TRY(auto manager, unpack<HttpConnectionManager>(config, here));
      return read_manager(manager, clusters, environment, here, into);
    }
    if (config.Is<TcpProxy>()) {
      WEIR_TRY(auto proxy, unpack<TcpProxy>(config, here));
      WEIR_TRY(into.tcp_proxy, read_tcp_proxy(proxy, clusters, here));
      WEIR_TRY(into.access_logs,
               read_access_logs(proxy.access_log(), environment, here.field("access_log")));
      return Unit{};
    }
    if (!config.Is<NetworkWasm>() && !config.Is<PluginOptions>()) {
      return unknown_network_filter(config, here);
    }
    WEIR_TRY(PluginSettings plugin, read_network_plugin(config, environment, here));
    plugin.where = here.describe();
    into.network_plugins.push_back(std::move(plugin));
  }
  return at.field("filters").error("the last filter has to be " +
                                   HttpConnectionManager::descriptor()->full_name() + " or " +
                                   TcpProxy::descriptor()->full_name());
}

Result<Listener> read_listener(const v3::Listener& message, const std::set<std::string>& clusters,
                               const Environment& environment, const Place& at) {
  Listener listener;
  WEIR_TRY(listener.address, read_ip_address(message.address(), at.field("address")));
  listener.name = message.name().empty() ? to_string(listener.address) : message.name();

  Place chains = at.field("filter_chains");
  if (message.filter_chains_size() > 1) {
    return chains.item(1).error("a listener has one filter chain");
  }
  WEIR_TRY(
      read_filter_chain(message.filter_chains(0), clusters, environment, chains.item(0), listener));
  const Place logs = at.field("access_log");
  if (message.access_log_size() > 0 && !listener.tcp_proxy) {
    return logs.error(
        "a listener's own access log is for carried connections; that of requests is "
        "a field of the HTTP connection manager");
  }
  WEIR_TRY(auto more, read_access_logs(message.access_log(), environment, logs));
  std::ranges::move(more, std::back_inserter(listener.access_logs));
  return listener;
}

}  // namespace

Result<std::vector<Listener>> read_listeners(
    const google::protobuf::RepeatedPtrField<v3::Listener>& messages,
    const std::set<std::string>& clusters, const Environment& environment, const Place& at) {
  std::vector<Listener> out;
  std::set<std::string> names;
  std::set<std::string> addresses;
  for (int i = 0; i < messages.size(); ++i) {
    Place here = at.item(static_cast<size_t>(i));
    WEIR_TRY(Listener listener, read_listener(messages[i], clusters, environment, here));
    std::string address = to_string(listener.address);
    if (listener.address.port != 0 && !addresses.insert(address).second) {
      return here.field("address").error("another listener has " + address);
    }
    if (!names.insert(listener.name).second) {
      return here.field("name").error("there is another listener " + quote(listener.name));
    }
    out.push_back(std::move(listener));
  }
  return out;
}

}  // namespace weir::config

#include "config/listener_reader.h"

#include "config/cluster_reader.h"
#include "config/route_reader.h"
#include "config/unpack.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/router.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace v3 = envoy::config::listener::v3;
namespace filters = envoy::extensions::filters;
using HttpWasm = filters::http::wasm::v3::Wasm;
using filters::http::router::v3::Router;
using filters::network::http_connection_manager::v3::HttpConnectionManager;
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
  WEIR_TRY(into.plugins, read_http_filters(manager, environment, at.field("http_filters")));
  WEIR_TRY(into.virtual_hosts,
           read_virtual_hosts(manager.route_config(), clusters, at.field("route_config")));
  return Unit{};
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
  Place chain_filters = chains.item(0).field("filters");
  const v3::FilterChain& chain = message.filter_chains(0);
  listener.filter_chain = chain.name();
  if (chain.filters_size() > 1) {
    return chain_filters.item(1).error(
        "a filter chain has one filter, the HTTP connection manager");
  }
  Place here = chain_filters.item(0).field("typed_config");
  const google::protobuf::Any& config = chain.filters(0).typed_config();
  if (!config.Is<HttpConnectionManager>()) {
    return here.error(quote(type_name(config)) + " is not served on a listener; expected " +
                      HttpConnectionManager::descriptor()->full_name());
  }
  WEIR_TRY(auto manager, unpack<HttpConnectionManager>(config, here));
  WEIR_TRY(read_manager(manager, clusters, environment, here, listener));
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

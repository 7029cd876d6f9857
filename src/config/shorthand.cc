// The command line as settings; see Shorthand in bootstrap.h.

#include <filesystem>

#include "config/bootstrap.h"
#include "config/socket_address.h"
#include "config/source_map.h"

namespace weir::config {
namespace {

constexpr const char* kUpstream = "upstream";

PluginSettings make_plugin(const Shorthand& shorthand) {
  PluginSettings plugin;
  plugin.name = std::filesystem::path(shorthand.plugin).stem().string();
  plugin.configuration = shorthand.configuration;
  plugin.vm.runtime = shorthand.engine;
  bool native = shorthand.engine == "null" || shorthand.engine.ends_with(".null");
  if (native) {
    plugin.vm.code = InlineBytes{shorthand.plugin};
  } else {
    plugin.vm.code = LocalFile{shorthand.plugin};
  }
  return plugin;
}

Result<Listener> make_listener(const Shorthand& shorthand) {
  Listener listener;
  auto address = parse_socket_address(shorthand.listen);
  if (!address.ok()) return std::move(address).error().in("listen " + quote(shorthand.listen));
  listener.address = std::move(address).value();
  if (!is_ip_address(listener.address.host)) {
    return Error{ErrorCode::BadConfig, "listen " + quote(shorthand.listen) + ": " +
                                           quote(listener.address.host) + " is not an IP address"};
  }
  listener.name = to_string(listener.address);
  FilterChain chain;
  if (!shorthand.plugin.empty()) chain.plugins.push_back(make_plugin(shorthand));
  VirtualHost host{.name = kUpstream, .domains = {"*"}};
  host.routes.push_back(
      {.match = {.path = {.text = "/"}}, .action = Forward{.clusters = {{.name = kUpstream}}}});
  chain.routes.virtual_hosts.push_back(std::move(host));
  listener.chains.push_back(std::move(chain));
  return listener;
}

}  // namespace

Result<Cluster> make_cluster(const std::string& name, const std::string& url) {
  auto parsed = parse_upstream_url(url);
  if (!parsed.ok()) return std::move(parsed).error().in(quote(url));
  const UpstreamUrl& upstream = parsed.value();
  Cluster cluster;
  cluster.name = name;
  cluster.discovery = is_ip_address(upstream.address.host) ? Cluster::Discovery::Static
                                                           : Cluster::Discovery::StrictDns;
  cluster.endpoints = {upstream.address};
  cluster.http2 = upstream.http2;
  return cluster;
}

Result<ServeSettings> make_settings(const Shorthand& shorthand) {
  if (shorthand.plugin.empty() && !(shorthand.engine.empty() && shorthand.configuration.empty())) {
    return Error{ErrorCode::BadConfig,
                 "there is no plugin for the engine or the configuration: name a .wasm file"};
  }
  ServeSettings settings;
  auto upstream = make_cluster(kUpstream, shorthand.upstream);
  if (!upstream.ok()) return std::move(upstream).error().in("upstream");
  settings.clusters.push_back(std::move(upstream).value());
  for (const auto& [name, url] : shorthand.clusters) {
    if (name.empty()) return Error{ErrorCode::BadConfig, "cluster " + quote(url) + " has no name"};
    if (name == kUpstream) {
      return Error{ErrorCode::BadConfig,
                   "cluster 'upstream' is where requests go; take another name"};
    }
    auto cluster = make_cluster(name, url);
    if (!cluster.ok()) return std::move(cluster).error().in("cluster '" + name + "'");
    settings.clusters.push_back(std::move(cluster).value());
  }
  WEIR_TRY(Listener listener, make_listener(shorthand));
  settings.listeners.push_back(std::move(listener));
  return settings;
}

}  // namespace weir::config

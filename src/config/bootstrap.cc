#include "config/bootstrap.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <variant>

#include "base/function_ref.h"
#include "config/address_clash.h"
#include "config/cluster_reader.h"
#include "config/listener_reader.h"
#include "config/loader.h"
#include "config/plugin_checks.h"
#include "config/plugin_reader.h"
#include "config/service_reader.h"
#include "config/wire_form.h"
#include "weir/envoy/bootstrap.pb.h"

namespace weir::config {

const Cluster* ServeSettings::find_cluster(std::string_view name) const {
  auto found = std::ranges::find(clusters, name, &Cluster::name);
  return found == clusters.end() ? nullptr : &*found;
}

namespace {

void for_each_plugin(ServeSettings& settings, FunctionRef<void(PluginSettings&)> visit) {
  for (Listener& listener : settings.listeners) {
    for (FilterChain& chain : listener.chains) {
      for (PluginSettings& plugin : chain.network_plugins) visit(plugin);
      for (PluginSettings& plugin : chain.plugins) visit(plugin);
      for (AccessLog& log : chain.access_logs) {
        if (auto* plugin = std::get_if<PluginSettings>(&log.to)) visit(*plugin);
      }
    }
  }
  for (Cluster& cluster : settings.clusters) {
    for (PluginSettings& plugin : cluster.plugins.list) visit(plugin);
  }
  for (Service& service : settings.services) visit(service.plugin);
}

void tell_node(const envoy::config::core::v3::Node& node, ServeSettings& settings) {
  const std::string bytes = to_wire_form(node);
  for_each_plugin(settings, [&](PluginSettings& plugin) { plugin.node = bytes; });
}

// One for all plugins that name a cluster, so that what they fetch by it is fetched once.
void find_clusters_of_code(ServeSettings& settings) {
  std::map<std::string, std::shared_ptr<const Cluster>> known;
  for_each_plugin(settings, [&](PluginSettings& plugin) {
    auto* remote = std::get_if<RemoteFile>(&plugin.vm.code);
    const Cluster* named = remote == nullptr ? nullptr : settings.find_cluster(remote->cluster);
    if (named == nullptr) return;
    auto& cluster = known[named->name];
    if (cluster == nullptr) cluster = std::make_shared<const Cluster>(*named);
    remote->route.cluster = cluster;
  });
}

}  // namespace

Result<ServeSettings> load_bootstrap(std::string_view text, std::string_view file_name) {
  envoy::config::bootstrap::v3::Bootstrap message;
  SourceMap map(file_name);
  WEIR_TRY(load_message(text, file_name, message, map));

  ServeSettings settings;
  const auto& resources = message.static_resources();
  Place at = Place(map).field("static_resources");
  WEIR_TRY(settings.clusters,
           read_clusters(resources.clusters(), process_environment(), at.field("clusters")));
  std::set<std::string> names;
  for (const Cluster& cluster : settings.clusters) names.insert(cluster.name);
  WEIR_TRY(settings.listeners, read_listeners(resources.listeners(), names, process_environment(),
                                              at.field("listeners")));
  WEIR_TRY(settings.services, read_services(message.bootstrap_extensions(), process_environment(),
                                            Place(map).field("bootstrap_extensions")));
  find_clusters_of_code(settings);
  if (message.has_node()) tell_node(message.node(), settings);
  WEIR_TRY(check_plugins(settings));
  if (message.has_admin()) {
    Place admin = Place(map).field("admin").field("address");
    WEIR_TRY(settings.admin, read_ip_address(message.admin().address(), admin));
    settings.admin_where = {admin.describe()};
  }
  WEIR_TRY(check_addresses(settings));
  settings.message =
      std::make_shared<const envoy::config::bootstrap::v3::Bootstrap>(std::move(message));
  return settings;
}

}  // namespace weir::config

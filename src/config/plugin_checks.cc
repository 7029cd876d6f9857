#include "config/plugin_checks.h"

#include <variant>
#include <vector>

#include "base/suggestion.h"
#include "config/source_map.h"

namespace weir::config {
namespace {

Error bad(const PluginSettings& plugin, PluginField field, std::string reason) {
  return plugin.where.locate(field, {ErrorCode::BadConfig, std::move(reason)});
}

// All plugins but the singletons.
std::vector<const PluginSettings*> shared_plugins(const ServeSettings& settings) {
  std::vector<const PluginSettings*> plugins;
  for (const Listener& listener : settings.listeners) {
    for (const FilterChain& chain : listener.chains) {
      for (const PluginSettings& plugin : chain.network_plugins) plugins.push_back(&plugin);
      for (const PluginSettings& plugin : chain.plugins) plugins.push_back(&plugin);
      for (const AccessLog& log : chain.access_logs) {
        if (const auto* plugin = std::get_if<PluginSettings>(&log.to)) plugins.push_back(plugin);
      }
    }
  }
  for (const Cluster& cluster : settings.clusters) {
    for (const PluginSettings& plugin : cluster.plugins.list) plugins.push_back(&plugin);
  }
  for (const Service& service : settings.services) {
    if (!service.singleton) plugins.push_back(&service.plugin);
  }
  return plugins;
}

bool share_vm(const PluginSettings& a, const PluginSettings& b) {
  return a.vm.vm_id == b.vm.vm_id && a.vm.code == b.vm.code;
}

Done check_singleton(const PluginSettings& plugin,
                     const std::vector<const PluginSettings*>& others) {
  for (const PluginSettings* other : others) {
    if (!share_vm(plugin, *other)) continue;
    return plugin.where.locate(PluginField::Plugin, singleton_shares_vm(other->name));
  }
  return check_singleton_isolation(plugin);
}

// A name with a '*' in it may stand for none.
Done check_call_targets(const PluginSettings& plugin, const ServeSettings& settings) {
  for (const std::string& target : plugin.vm.limits.call_targets) {
    if (target.find('*') != std::string::npos || settings.find_cluster(target) != nullptr) continue;
    std::vector<std::string> known;
    for (const Cluster& cluster : settings.clusters) known.push_back(cluster.name);
    return bad(
        plugin, PluginField::CallTargets,
        "there is no cluster " + quote(target) + "; " +
            suggest(target, known, known.empty() ? "static_resources.clusters is empty" : ""));
  }
  return Unit{};
}

}  // namespace

Done check_plugins(const ServeSettings& settings) {
  const auto shared = shared_plugins(settings);
  for (const PluginSettings* plugin : shared) WEIR_TRY(check_call_targets(*plugin, settings));
  for (const Service& service : settings.services) {
    if (!service.singleton) continue;
    WEIR_TRY(check_singleton(service.plugin, shared));
    WEIR_TRY(check_call_targets(service.plugin, settings));
  }
  return Unit{};
}

// Other services may share their VM with plugins that have streams.
Done check_singleton_isolation(const PluginSettings& plugin) {
  if (plugin.vm.isolation == Isolation::Shared) return Unit{};
  return bad(plugin, PluginField::Isolation,
             "STREAM gives each stream an instance, and a singleton has no streams; leave it out");
}

Error singleton_shares_vm(std::string_view other) {
  return {ErrorCode::BadConfig,
          "the VM of a singleton is its own, but plugin " + quote(other) +
              " has the same vm_id and code; give one of the two another vm_id"};
}

}  // namespace weir::config

#include "planes/serve/generation.h"

namespace weir::serve {
namespace {

PluginRange place_plugins(const std::vector<config::PluginSettings>& plugins,
                          const std::string& holder, std::vector<PlacedPlugin>& into) {
  const PluginRange range{into.size(), plugins.size()};
  for (size_t i = 0; i < plugins.size(); ++i) {
    into.push_back({.settings = plugins[i], .holder = holder, .index = i});
  }
  return range;
}

std::vector<ListenerPlugins> place_all(const config::ServeSettings& settings,
                                       std::vector<PlacedPlugin>& into) {
  std::vector<ListenerPlugins> listeners;
  for (const config::Listener& listener : settings.listeners) {
    const std::string holder = "listener '" + listener.name + "'";
    ListenerPlugins& places = listeners.emplace_back();
    places.network = place_plugins(listener.network_plugins, holder + ", connections", into);
    places.http = place_plugins(listener.plugins, holder + ", requests", into);
  }
  return listeners;
}

}  // namespace

Result<Generation> make_generation(config::ServeSettings settings) {
  Generation made;
  for (const config::Listener& listener : settings.listeners) {
    WEIR_TRY(auto table, RouteTable::make(listener, settings));
    made.routes.push_back(std::make_shared<const RouteTable>(std::move(table)));
  }
  made.listeners = place_all(settings, made.plugins);
  made.settings = std::move(settings);
  return made;
}

std::vector<PlacedPlugin> plugins_of(const config::ServeSettings& settings) {
  std::vector<PlacedPlugin> plugins;
  static_cast<void>(place_all(settings, plugins));
  return plugins;
}

}  // namespace weir::serve

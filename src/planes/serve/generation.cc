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

std::vector<config::PluginSettings> log_plugins(const config::Listener& listener) {
  std::vector<config::PluginSettings> plugins;
  for (const config::AccessLog& log : listener.access_logs) {
    if (const auto* plugin = std::get_if<config::PluginSettings>(&log.to)) {
      plugins.push_back(*plugin);
    }
  }
  return plugins;
}

std::vector<ListenerPlugins> place_all(const config::ServeSettings& settings,
                                       std::vector<PlacedPlugin>& into) {
  std::vector<ListenerPlugins> listeners;
  for (const config::Listener& listener : settings.listeners) {
    const std::string holder = "listener '" + listener.name + "'";
    ListenerPlugins& places = listeners.emplace_back();
    places.network = place_plugins(listener.network_plugins, holder + ", connections", into);
    places.http = place_plugins(listener.plugins, holder + ", requests", into);
    places.logs = place_plugins(log_plugins(listener), holder + ", access logs", into);
  }
  for (size_t i = 0; i < settings.services.size(); ++i) {
    const config::Service& service = settings.services[i];
    into.push_back({.settings = service.plugin,
                    .holder = "services",
                    .index = i,
                    .service = true,
                    .singleton = service.singleton});
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

Done open_logs(Generation& generation, LogFiles& files, const std::filesystem::path& base_dir) {
  for (const config::Listener& listener : generation.settings.listeners) {
    auto& sinks = generation.log_sinks.emplace_back();
    for (const config::AccessLog& log : listener.access_logs) {
      std::shared_ptr<LogSink>& sink = sinks.emplace_back();
      if (const auto* file = std::get_if<config::LogFile>(&log.to)) {
        WEIR_TRY(sink, files.open(*file, base_dir));
      }
    }
  }
  return Unit{};
}

std::vector<PlacedPlugin> plugins_of(const config::ServeSettings& settings) {
  std::vector<PlacedPlugin> plugins;
  static_cast<void>(place_all(settings, plugins));
  return plugins;
}

}  // namespace weir::serve

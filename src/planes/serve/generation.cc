#include "planes/serve/generation.h"

namespace weir::serve {

Result<Generation> make_generation(config::ServeSettings settings) {
  Generation made;
  for (const config::Listener& listener : settings.listeners) {
    WEIR_TRY(auto table, RouteTable::make(listener, settings));
    made.routes.push_back(std::move(table));
    made.plugin_ranges.push_back({made.plugins.size(), listener.plugins.size()});
    for (const config::PluginSettings& plugin : listener.plugins) {
      made.plugins.push_back({.settings = plugin});
    }
  }
  made.settings = std::move(settings);
  return made;
}

}  // namespace weir::serve

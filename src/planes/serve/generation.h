#pragma once
// A configuration in use: its settings, and what is made of them once for all workers.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/log_files.h"
#include "planes/serve/route_table.h"
#include "runtime/host.h"

namespace weir::serve {

// Where some plugins lie among all plugins of the process.
struct PluginRange {
  size_t first = 0;
  size_t count = 0;
};

// Those of one listener.
struct ListenerPlugins {
  PluginRange network;  // on its connections
  PluginRange http;     // on its requests
  PluginRange logs;     // those of its access logs that are plugins
};

struct PlacedPlugin {
  config::PluginSettings settings;
  // What has it in the configuration, and its place there: by these it is found in the next one.
  std::string holder;
  size_t index = 0;
  bool service = false;    // no stream uses it
  bool singleton = false;  // a service on the thread for such alone, not on workers
  std::shared_ptr<const runtime::Plugin> plugin;
  std::string absent;    // why there is no plugin: streams do without, by its failure policy
  uint64_t reloads = 0;  // of this place, since it is there
};

// Immutable once workers have it. Shared by the workers, which keep it while streams of it run.
struct Generation {
  config::ServeSettings settings;
  std::vector<std::shared_ptr<const RouteTable>> routes;  // by listener
  std::vector<ListenerPlugins> listeners;                 // likewise
  std::vector<PlacedPlugin> plugins;                      // of all listeners, then services
  // By listener, then by access log; null where that is a plugin.
  std::vector<std::vector<std::shared_ptr<LogSink>>> log_sinks;
};

// All but the plugins' code and the files of access logs: each place has its settings and no plugin
// yet.
Result<Generation> make_generation(config::ServeSettings settings);

// Opens the files.
Done open_logs(Generation& generation, LogFiles& files, const std::filesystem::path& base_dir);

// The plugins of all its places.
std::vector<PlacedPlugin> plugins_of(const config::ServeSettings& settings);

}  // namespace weir::serve

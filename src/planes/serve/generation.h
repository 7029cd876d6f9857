#pragma once
// A configuration in use: its settings, and what is made of them once for all workers.

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/log_files.h"
#include "planes/serve/route_table.h"
#include "planes/serve/tls_context.h"
#include "runtime/host.h"

namespace weir::serve {

// Where some plugins lie among all plugins of the process.
struct PluginRange {
  size_t first = 0;
  size_t count = 0;
};

// Those of one filter chain.
struct ChainPlugins {
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

// What is made of one filter chain's settings.
struct GenerationChain {
  std::shared_ptr<const RouteTable> routes;
  ChainPlugins plugins;
  // By access log; null where that is a plugin.
  std::vector<std::shared_ptr<LogSink>> log_sinks;
  std::shared_ptr<const TlsContext> tls;  // null: its connections are not secured
};

// Immutable once workers have it. Shared by the workers, which keep it while streams of it run.
struct Generation {
  config::ServeSettings settings;
  std::vector<std::vector<GenerationChain>> chains;  // by listener, then by filter chain
  std::vector<PlacedPlugin> plugins;                 // of all listeners, clusters, services
  std::vector<PluginRange> cluster_plugins;          // by cluster
  // By cluster; null: connections to it are not secured.
  std::vector<std::shared_ptr<const TlsContext>> cluster_tls;
};

// All but the plugins' code and the files of access logs: each place has its settings and no plugin
// yet.
Result<Generation> make_generation(config::ServeSettings settings);

// Opens the files.
Done open_logs(Generation& generation, LogFiles& files, const std::filesystem::path& base_dir);

// What is wrong with those files, as far as it can be told without opening or making one.
std::vector<Error> check_logs(const config::ServeSettings& settings,
                              const std::filesystem::path& base_dir);

// Reads certificates and keys. What is the same in `before`, which may be null, is shared with it.
Done open_tls(Generation& generation, const Generation* before,
              const std::filesystem::path& base_dir);

// The files that hold certificates, keys and the like.
std::set<std::filesystem::path> tls_files_of(const config::ServeSettings& settings,
                                             const std::filesystem::path& base_dir);

// The error, with the plugin's place in its file.
Error at_place(const PlacedPlugin& place, Error error);

// An error where a singleton, which runs on a thread of its own, has the VM of a plugin on workers:
// the same vm_id and code, wherever the code lies. Places without a plugin are passed over.
Done check_singletons(const std::vector<PlacedPlugin>& places);

// The plugins of all its places.
std::vector<PlacedPlugin> plugins_of(const config::ServeSettings& settings);

}  // namespace weir::serve

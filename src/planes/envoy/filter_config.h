#pragma once
// A filter's configuration: the plugin that it runs.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "planes/envoy/config_callbacks.h"
#include "planes/envoy/metrics.h"
#include "runtime/host.h"

namespace weir::envoy_plane {

class Module;

// A plugin as one configuration names it: what workers know it by.
struct ConfiguredPlugin {
  uint64_t id;  // never used twice
  std::shared_ptr<const runtime::Plugin> plugin;
};

// Envoy destroys it after its last stream. Made on the main thread, then immutable; destroyed on
// any thread.
class FilterConfig {
 public:
  // Reads the configuration, compiles the plugin and tries it out. `envoy` is null for the
  // configuration of a route, which has no stats of its own.
  static Result<std::unique_ptr<FilterConfig>> make(Module& module, EnvoyHttpConfig* envoy,
                                                    std::string_view filter_name,
                                                    std::string_view configuration);
  ~FilterConfig();

  const std::shared_ptr<const ConfiguredPlugin>& plugin() const { return plugin_; }
  // Null: none of its own.
  StatsTable* stats() const { return stats_.get(); }

 private:
  FilterConfig(Module& module, EnvoyHttpConfig* envoy) : module_(module), envoy_(envoy) {}

  Module& module_;
  EnvoyHttpConfig* envoy_;
  std::unique_ptr<StatsTable> stats_;
  std::shared_ptr<const ConfiguredPlugin> plugin_;
};

}  // namespace weir::envoy_plane

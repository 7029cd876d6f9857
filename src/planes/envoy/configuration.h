#pragma once
// What a filter, an access logger or a service of this module is configured with: a plugin.

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "planes/envoy/carrier.h"
#include "planes/envoy/configured_plugin.h"
#include "planes/envoy/metrics.h"
#include "planes/envoy/plugin_message.h"
#include "runtime/host.h"

namespace weir::envoy_plane {

class Module;

// Compiles the plugin and tries it out; the log tells. Refused where its VM is that of another that
// is configured, and one of the two a singleton. Thread: main.
Result<std::shared_ptr<const runtime::Plugin>> load_plugin(Module& module,
                                                           const config::PluginSettings& settings,
                                                           Home home, std::string code);

// Envoy destroys it after its last stream. Made on the main thread, then immutable; destroyed on
// any thread.
class Configuration {
 public:
  // What Envoy has of it. Both null for the configuration of a route, which has no stats of its own
  // and wakes nobody.
  struct Means {
    std::unique_ptr<ConfigStats> stats;
    std::unique_ptr<Carrier> carrier;
  };

  // Reads it, compiles the plugin and tries it out. Where the code has to be fetched first, that is
  // done later (LateCode), and `on_settled` called then.
  static Result<std::unique_ptr<Configuration>> make(Module& module, const PluginText& text,
                                                     Means means);
  // The same of one that was read already.
  static Result<std::unique_ptr<Configuration>> make(Module& module,
                                                     const config::PluginSettings& settings,
                                                     Home home, Means means,
                                                     std::function<void()> on_settled = {});
  ~Configuration();

  const std::shared_ptr<ConfiguredPlugin>& plugin() const { return plugin_; }
  // Null: none of its own.
  StatsTable* stats() const { return stats_.get(); }

 private:
  Configuration(Module& module, Means means);

  Module& module_;
  std::unique_ptr<StatsTable> stats_;
  std::unique_ptr<RouteMetrics> route_metrics_;  // of a route, which has no stats
  std::unique_ptr<Carrier> carrier_;             // until the main thread has it
  const void* carries_ = nullptr;                // as the main thread knows it
  std::shared_ptr<ConfiguredPlugin> plugin_;
};

}  // namespace weir::envoy_plane

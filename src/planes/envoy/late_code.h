#pragma once
// Plugins whose code comes from elsewhere, and later than Envoy's configuration of them.

#include <functional>
#include <memory>

#include "planes/common/code_supply.h"
#include "planes/envoy/configured_plugin.h"

namespace weir::envoy_plane {

class Module;

// Fetches, loads and, where that fails, tries again with growing pauses for as long as the plugin
// is configured. One per process. Thread: main, where loading runs guests and defines metrics.
class LateCode {
 public:
  LateCode(Module& module, const planes::CodeSupply& supply) : module_(module), supply_(supply) {}

  const planes::CodeSupply& supply() const { return supply_; }

  // `on_first` is called once: when the plugin is here, or is absent for the first time.
  void fetch(std::shared_ptr<ConfiguredPlugin> plugin, config::PluginSettings settings,
             std::function<void()> on_first);

 private:
  struct Order;

  void start(std::shared_ptr<Order> order);
  void finish(const std::shared_ptr<Order>& order, Result<std::string> code);
  // Metrics of all fetches.
  void report();

  Module& module_;
  const planes::CodeSupply& supply_;
};

}  // namespace weir::envoy_plane

#include "planes/envoy/filter_config.h"

#include "planes/common/plugin_source.h"
#include "planes/envoy/module.h"
#include "planes/envoy/plugin_message.h"
#include "runtime/vm.h"

namespace weir::envoy_plane {
namespace {

// What the runtime counts of a plugin once it runs, when Envoy takes no new names any more.
constexpr std::string_view kCounted[] = {
    "vm_reload_success",     "vm_reload_failure",    "vm_reload_backoff",
    "failed.unreachable",    "failed.deadline",      "failed.out_of_memory",
    "failed.stack_overflow", "failed.memory_bounds", "failed.proc_exit",
};

// While it lives, what this thread defines is defined in the table, too.
class OpenTable {
 public:
  explicit OpenTable(StatsTable* table) { EnvoyMetrics::open(table); }
  ~OpenTable() { EnvoyMetrics::open(nullptr); }
};

std::string loaded_message(const runtime::Plugin& plugin, Nanoseconds took) {
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  return "plugin '" + plugin.options().name + "' loaded: " + engine.name + " " + engine.version +
         ", ABI " + std::string(to_string(module.abi_version())) + ", " +
         std::to_string(std::chrono::duration_cast<Milliseconds>(took).count()) + " ms";
}

}  // namespace

Result<std::unique_ptr<FilterConfig>> FilterConfig::make(Module& module, EnvoyHttpConfig* envoy,
                                                         std::string_view filter_name,
                                                         std::string_view configuration) {
  runtime::Host& host = module.host();
  const Nanoseconds before = host.clock().monotonic();
  WEIR_TRY(auto settings, read_plugin_settings(filter_name, configuration));
  WEIR_TRY(auto options, planes::read_plugin(settings, {}));

  std::unique_ptr<FilterConfig> config(new FilterConfig(module, envoy));
  if (envoy != nullptr) config->stats_ = std::make_unique<StatsTable>(module.metrics(), envoy);
  const OpenTable open(config->stats());
  WEIR_TRY(auto plugin, host.load(std::move(options)));
  for (std::string_view counted : kCounted) {
    host.metrics().define(abi::MetricType::Counter,
                          "wasm." + plugin->options().name + "." + std::string(counted));
  }
  host.logger().log(LogLevel::Info, loaded_message(*plugin, host.clock().monotonic() - before));
  config->plugin_ = module.add(std::move(plugin));
  if (envoy != nullptr) {
    module.main_thread().add(envoy);
  } else {
    module.count_route_configs(1);
  }
  return config;
}

FilterConfig::~FilterConfig() {
  if (plugin_ == nullptr) return;  // It was not finished.
  module_.remove(*plugin_);
  if (envoy_ != nullptr) {
    module_.main_thread().remove(envoy_);
  } else {
    module_.count_route_configs(-1);
  }
}

}  // namespace weir::envoy_plane

#include "planes/envoy/configuration.h"

#include "config/plugin_checks.h"
#include "planes/common/plugin_source.h"
#include "planes/envoy/module.h"
#include "runtime/vm.h"

namespace weir::envoy_plane {
namespace {

// What the runtime counts of a plugin once it runs, when Envoy takes no new names any more.
constexpr std::string_view kCounted[] = {
    "vm_reload",
    "vm_reload_success",
    "vm_reload_failure",
    "vm_reload_backoff",
    "failed.deadline",
    "failed.out_of_memory",
    "failed.stack_overflow",
    "failed.unreachable",
    "failed.memory_bounds",
    "failed.table_bounds",
    "failed.arithmetic",
    "failed.host",
    "failed.no_resources",
    "failed.proc_exit",
    "failed.other",
};

// While it lives, what this thread defines is defined in the table or for the route, too.
class OpenTable {
 public:
  OpenTable(StatsTable* table, RouteMetrics* route) { EnvoyMetrics::open(table, route); }
  ~OpenTable() { EnvoyMetrics::open(nullptr, nullptr); }
};

std::string loaded_message(const runtime::Plugin& plugin, Nanoseconds took) {
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  return "plugin '" + plugin.options().name + "' loaded: " + engine.name + " " + engine.version +
         ", ABI " + std::string(to_string(module.abi_version())) + ", " +
         std::to_string(std::chrono::duration_cast<Milliseconds>(took).count()) + " ms";
}

// The VM of a singleton is its own. Of what is still awaited the later one to come is told.
Done check_vm(const Module& module, const config::PluginSettings& settings, Home home,
              const runtime::Plugin& plugin) {
  for (const auto& other : module.plugins()) {
    if (other->state() != ConfiguredPlugin::State::Here) continue;
    if ((other->home() == Home::MainThread) == (home == Home::MainThread)) continue;
    const runtime::Plugin& its = *other->plugin();
    const bool share = its.options().vm.vm_id == plugin.options().vm.vm_id &&
                       its.vm()->code_hash() == plugin.vm()->code_hash();
    if (!share) continue;
    return settings.where.locate(config::PluginField::Plugin,
                                 config::singleton_shares_vm(other->name()));
  }
  return Unit{};
}

}  // namespace

Result<std::shared_ptr<const runtime::Plugin>> load_plugin(Module& module,
                                                           const config::PluginSettings& settings,
                                                           Home home, std::string code) {
  runtime::Host& host = module.host();
  const Nanoseconds before = host.clock().monotonic();
  WEIR_TRY(auto plugin, planes::load_plugin(host, settings, std::move(code)));
  WEIR_TRY(check_vm(module, settings, home, *plugin));
  for (std::string_view counted : kCounted) {
    host.metrics().define(abi::MetricType::Counter,
                          "wasm." + plugin->options().name + "." + std::string(counted));
  }
  host.logger().log(LogLevel::Info, loaded_message(*plugin, host.clock().monotonic() - before));
  return plugin;
}

Configuration::Configuration(Module& module, Means means)
    : module_(module), carrier_(std::move(means.carrier)) {
  if (means.stats != nullptr) {
    stats_ = std::make_unique<StatsTable>(module.metrics(), std::move(means.stats));
  } else {
    route_metrics_ = std::make_unique<RouteMetrics>(module.metrics());
  }
}

Result<std::unique_ptr<Configuration>> Configuration::make(Module& module, const PluginText& text,
                                                           Means means) {
  WEIR_TRY(auto settings, read_plugin_settings(text));
  return make(module, settings, Home::Workers, std::move(means));
}

Result<std::unique_ptr<Configuration>> Configuration::make(Module& module,
                                                           const config::PluginSettings& settings,
                                                           Home home, Means means,
                                                           std::function<void()> on_settled) {
  const MainThread::Occupied here(module.main_thread());
  const planes::CodeSupply& supply = module.late_code().supply();
  auto found = supply.find(settings);
  if (!found.ok()) {
    if (!module.is_starting()) return std::move(found).error();
    return supply.after_fetch(settings, std::move(found).error());
  }
  auto code = std::move(found).value();

  std::unique_ptr<Configuration> made(new Configuration(module, std::move(means)));
  std::shared_ptr<const runtime::Plugin> plugin;
  if (code) {
    const OpenTable open(made->stats(), made->route_metrics_.get());
    WEIR_TRY(plugin, load_plugin(module, settings, home, *std::move(code)));
  }
  made->plugin_ =
      module.add(settings.name, home, planes::plugin_options(settings, "").failure_policy, plugin);
  if (made->carrier_ != nullptr) {
    made->carries_ = made->carrier_->config();
    module.main_thread().add(std::move(made->carrier_));
  }
  if (plugin == nullptr) {
    module.late_code().fetch(made->plugin_, settings, std::move(on_settled));
  } else if (on_settled) {
    on_settled();
  }
  return made;
}

Configuration::~Configuration() {
  if (plugin_ != nullptr) module_.remove(*plugin_);
  if (carries_ != nullptr) module_.main_thread().remove(carries_);
}

}  // namespace weir::envoy_plane

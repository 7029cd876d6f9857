#include "planes/serve/check.h"

#include "planes/common/plugin_source.h"
#include "planes/serve/cluster_route.h"
#include "planes/serve/generation.h"
#include "runtime/vm.h"

namespace weir::serve {
namespace {

// "1 plugin", "2 plugins".
std::string count(size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

// "plugin 'auth' of listener 'public', requests: starts on wasmtime 50.0.1, ABI 0.2.1".
std::string started_message(const runtime::Plugin& plugin, const std::string& holder) {
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  return "plugin '" + plugin.options().name + "' of " + holder + ": starts on " + engine.name +
         " " + engine.version + ", ABI " + std::string(to_string(module.abi_version()));
}

Result<std::shared_ptr<const runtime::Plugin>> load(config::PluginSettings settings,
                                                    const planes::CodeSupply& supply,
                                                    runtime::Host& host) {
  // Here there is nothing else to do than to wait for it.
  settings.vm.nack_on_code_cache_miss = false;
  WEIR_TRY(std::string code, supply.wait_for(settings));
  return planes::load_plugin(host, settings, std::move(code));
}

}  // namespace

CheckReport check_settings(const config::ServeSettings& settings, const planes::CodeSupply& supply,
                           runtime::Host& host) {
  CheckReport report;
  warn_of_misspelt_clusters(settings, host.logger());
  // They keep their plugins to the end, so that plugins of one VM find it.
  auto places = plugins_of(settings);
  for (PlacedPlugin& place : places) {
    auto loaded = load(place.settings, supply, host);
    if (!loaded.ok()) {
      report.errors.push_back(std::move(loaded).error());
      continue;
    }
    report.passed.push_back(started_message(*loaded.value(), place.holder));
    place.plugin = std::move(loaded).value();
  }
  if (Done own = check_singletons(places); !own.ok()) {
    report.errors.push_back(std::move(own).error());
  }
  for (Error& error : check_logs(settings, supply.base_dir())) {
    report.errors.push_back(std::move(error));
  }
  auto generation = make_generation(settings);
  Done secured = generation.ok() ? open_tls(generation.value(), nullptr, supply.base_dir())
                                 : Done(std::move(generation).error());
  if (!secured.ok()) report.errors.push_back(std::move(secured).error());
  if (report.errors.empty()) {
    report.passed.push_back(count(settings.listeners.size(), "listener") + ", " +
                            count(settings.clusters.size(), "cluster") + ", " +
                            count(places.size(), "plugin"));
  }
  return report;
}

}  // namespace weir::serve

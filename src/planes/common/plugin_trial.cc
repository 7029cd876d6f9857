#include "planes/common/plugin_trial.h"

#include "planes/common/plugin_source.h"
#include "runtime/vm.h"

namespace weir::planes {
namespace {

// "plugin 'auth' of listener 'public', requests: starts on wasmtime 50.0.1, ABI 0.2.1".
std::string started_message(const runtime::Plugin& plugin, const std::string& holder) {
  const auto& module = plugin.vm()->module();
  const auto engine = module.engine().info();
  return "plugin '" + plugin.options().name + "' of " + holder + ": starts on " + engine.name +
         " " + engine.version + ", ABI " + std::string(to_string(module.abi_version()));
}

Result<std::shared_ptr<const runtime::Plugin>> load(config::PluginSettings settings,
                                                    const CodeSupply& supply, runtime::Host& host) {
  // Here there is nothing else to do than to wait for it.
  settings.vm.nack_on_code_cache_miss = false;
  WEIR_TRY(std::string code, supply.wait_for(settings));
  return load_plugin(host, settings, std::move(code));
}

}  // namespace

std::string count_of(size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::shared_ptr<const runtime::Plugin> try_plugin(config::PluginSettings settings,
                                                  const std::string& holder,
                                                  const CodeSupply& supply, runtime::Host& host,
                                                  CheckReport& report) {
  auto loaded = load(std::move(settings), supply, host);
  if (!loaded.ok()) {
    report.errors.push_back(std::move(loaded).error());
    return nullptr;
  }
  report.passed.push_back(started_message(*loaded.value(), holder));
  return std::move(loaded).value();
}

}  // namespace weir::planes

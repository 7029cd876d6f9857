#pragma once
// From the messages of a plugin to its settings.

#include <map>
#include <string>

#include "base/result.h"
#include "config/plugin_config.h"
#include "config/source_map.h"

namespace envoy::extensions::wasm::v3 {
class PluginConfig;
}  // namespace envoy::extensions::wasm::v3
namespace weir::v1 {
class PluginOptions;
}  // namespace weir::v1

namespace weir::config {

// Variables by name.
using Environment = std::map<std::string, std::string>;

// What the process was started with. Thread: any, while nobody changes the environment.
Environment process_environment();

// `at` is where the message stands; `environment` is what host_env_keys chooses from.
Result<PluginSettings> make_plugin_settings(const envoy::extensions::wasm::v3::PluginConfig& config,
                                            const Place& at, const Environment& environment);
Result<PluginSettings> make_plugin_settings(const weir::v1::PluginOptions& options, const Place& at,
                                            const Environment& environment);

}  // namespace weir::config

#pragma once
// From a plugin's settings to what the runtime loads.

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "config/plugin_config.h"
#include "runtime/host.h"

namespace weir::planes {

// What the runtime loads, with that code.
runtime::PluginOptions plugin_options(const config::PluginSettings& settings, std::string code);

// Loads that. The error begins with the place of what is at fault in the configuration's file.
// `upstream_scope` is that of PluginOptions; a stop does what Host::try_load() says.
Result<std::shared_ptr<const runtime::Plugin>> load_plugin(runtime::Host& host,
                                                           const config::PluginSettings& settings,
                                                           std::string code,
                                                           std::string upstream_scope = {},
                                                           const std::stop_token& stop = {});

// What the runtime loads, with code that is at hand. `base_dir` is where relative paths start.
Result<runtime::PluginOptions> read_plugin(const config::PluginSettings& settings,
                                           const std::filesystem::path& base_dir);

// The file whose change means another plugin, if there is one.
std::optional<std::filesystem::path> watched_file(const config::PluginSettings& settings,
                                                  const std::filesystem::path& base_dir);

}  // namespace weir::planes

#pragma once
// What Envoy hands to the module as a filter's configuration.

#include <string_view>

#include "base/result.h"
#include "config/plugin_config.h"

namespace weir::envoy_plane {

// The `filter_config` of a filter: the PluginConfig of a Wasm filter, the whole Wasm message with a
// `config` in it, or a weir.v1.PluginOptions with a `plugin` in it. As JSON or YAML, which is what
// a Struct or a StringValue comes to; or one of them in protobuf, found out by which of them it can
// be without rest. `filter_name` is for errors.
Result<config::PluginSettings> read_plugin_settings(std::string_view filter_name,
                                                    std::string_view bytes);

}  // namespace weir::envoy_plane

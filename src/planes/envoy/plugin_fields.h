#pragma once
// The fields of a plugin as a tree: a Struct that the module is configured with.

#include "base/result.h"
#include "config/document.h"
#include "config/plugin_config.h"
#include "config/source_map.h"
#include "planes/envoy/plugin_message.h"

namespace weir::envoy_plane {

// `node` is a map at that place. It holds the PluginConfig of a Wasm filter, a whole Wasm or
// WasmAccessLog message with a `config` in it, or a weir.v1.PluginOptions with a `plugin` in it.
Result<config::PluginSettings> read_plugin_fields(const config::Node& node, const config::Place& at,
                                                  config::SourceMap& map);

// The same of a service: a WasmService, or a weir.v1.ServiceOptions with `options` in it, or the
// plugin alone.
Result<ServiceSettings> read_service_fields(const config::Node& node, const config::Place& at,
                                            config::SourceMap& map);

}  // namespace weir::envoy_plane

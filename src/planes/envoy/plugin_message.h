#pragma once
// What Envoy hands to the module as the configuration of a filter, an access logger or a service.

#include <string_view>

#include "base/result.h"
#include "config/plugin_config.h"

namespace weir::envoy_plane {

// Where it stands, for errors: the field's name, and that of what is configured, if any.
struct PluginText {
  std::string_view field;
  std::string_view name;
  std::string_view bytes;
};

// The PluginConfig of a Wasm filter, a whole Wasm or WasmAccessLog message with a `config` in it,
// or a weir.v1.PluginOptions with a `plugin` in it. As JSON or YAML, which is what a Struct or a
// StringValue comes to; or one of them in protobuf, found out by which of them it can be, and
// read as strictly as those.
Result<config::PluginSettings> read_plugin_settings(const PluginText& text);

struct ServiceSettings {
  config::PluginSettings plugin;
  bool singleton = false;
};

// The same of a service: a WasmService, or a weir.v1.ServiceOptions with `options` in it, or the
// plugin alone.
Result<ServiceSettings> read_service_settings(const PluginText& text);

}  // namespace weir::envoy_plane

#pragma once
// The files that name a plugin, one each: what stands behind weir-ats.so in the server's
// configuration.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/plugin_config.h"

namespace weir::ats_plane {

struct PluginFile {
  config::PluginSettings plugin;
  // Upstreams of its `clusters`, by name.
  std::map<std::string, config::Cluster, std::less<>> clusters;
  // Of requests whose bodies the plugin sees. Absent: what the others of its line say.
  std::optional<uint64_t> max_request_body_bytes;
  // Neither fail_open nor failure_policy is there, for which Traffic Server's own plugin has
  // another default.
  bool policy_is_absent = false;
};

// YAML or JSON. The plugin is one of:
//  - `config:` and in it what Traffic Server's own Wasm plugin reads, or Envoy's: a PluginConfig;
//  - the fields of a PluginConfig themselves;
//  - those of a weir.v1.PluginOptions, among which is `plugin:`, a PluginConfig.
// In each a text may stand for `configuration`, and a list of names for `allowed_capabilities`.
// Beside it `clusters:` may name upstreams for the plugin's calls, URLs by name, and
// `max_request_body_bytes:` say how much of a request may wait. `name` is for errors.
Result<PluginFile> read_plugin_file(std::string_view text, const std::string& name);

}  // namespace weir::ats_plane

#pragma once
// What a configuration of Envoy's has this module do.

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/document.h"
#include "config/plugin_config.h"
#include "config/source_map.h"

namespace weir::envoy_plane {

struct ModulePlugin {
  config::PluginSettings settings;
  std::string holder;  // "HTTP filter 'auth'"
};

struct ModuleConfigs {
  std::vector<ModulePlugin> plugins;
  std::vector<Error> errors;     // of each that cannot be read, or that this module has no part for
  std::set<std::string> others;  // the names of dynamic modules that are not this one
};

// Whether there is any dynamic module's configuration in the document: then it is Envoy's.
bool is_of_envoy(const config::Node& root);

// All that stand in a document, wherever: a bootstrap, a listener by itself, what a control plane
// writes into files. What is Envoy's own in it is passed over. `map` has the file's name.
ModuleConfigs find_module_configs(const config::Node& root, config::SourceMap& map);

}  // namespace weir::envoy_plane

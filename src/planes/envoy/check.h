#pragma once
// The plugins in a configuration of Envoy's, tried out without Envoy.

#include <string>

#include "config/document.h"
#include "planes/common/plugin_trial.h"

namespace weir::envoy_plane {

// Starts and configures what module_configs.h finds in a document. Relative paths start at the
// supply's folder. `name` is the file's, for errors. What there is beside is Envoy's to check, and
// the report says how. Blocks.
planes::CheckReport check_file(const config::Document& document, const std::string& name,
                               const planes::CodeSupply& supply, runtime::Host& host);

}  // namespace weir::envoy_plane

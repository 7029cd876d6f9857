#pragma once
// Plugins of a configuration that are tried out without serving it.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/plugin_config.h"
#include "planes/common/code_supply.h"
#include "runtime/host.h"

namespace weir::planes {

struct CheckReport {
  std::vector<std::string> passed;  // a line for each part that can be served
  std::vector<Error> errors;        // of each part that cannot
};

// "1 plugin", "2 plugins".
std::string count_of(size_t number, const std::string& what);

// Does with a plugin what happens before the first request: reads or fetches its code, compiles,
// links, starts and configures it. Writes into the report how that went: `holder` is what has the
// plugin in the configuration. Null: there is an error. Whoever keeps the plugin lets later ones of
// its VM find that. Blocks.
std::shared_ptr<const runtime::Plugin> try_plugin(config::PluginSettings settings,
                                                  const std::string& holder,
                                                  const CodeSupply& supply, runtime::Host& host,
                                                  CheckReport& report);

}  // namespace weir::planes

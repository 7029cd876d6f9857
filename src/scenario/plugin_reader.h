#pragma once
// Which plugin a scenario file is about.

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "config/source_map.h"
#include "runtime/options.h"
#include "weir/scenario/v1/scenario.pb.h"

namespace weir::scenario {

struct ReadPlugin {
  runtime::PluginOptions options;            // with its code
  std::vector<std::filesystem::path> files;  // that it comes from, with those that others replace
};

// Reads its code too; `code_file`, unless empty, is a .wasm file to take in its place. Relative
// paths start at `base_dir`.
Result<ReadPlugin> read_plugin(const v1::Plugin& plugin, const config::Place& at,
                               const std::filesystem::path& base_dir,
                               const std::filesystem::path& code_file);

}  // namespace weir::scenario

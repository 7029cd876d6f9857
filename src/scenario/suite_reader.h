#pragma once
// Reads scenario files.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "scenario/script.h"

namespace weir::scenario {

// What the command line says of the files.
struct SuiteOptions {
  std::filesystem::path plugin;  // a .wasm file in the place of the file's own; empty: that one
  bool update = false;           // golden files are written: those that are not there are no error
};

// YAML or JSON, read strictly; the plugin's code is read too. The error says where it stands:
// "scenario.yaml:7:3: scenarios[0].stepz: unknown field; did you mean 'steps'?".
Result<Suite> read_suite(const std::filesystem::path& file, const SuiteOptions& options);
// The same of a text; `file` is for messages, and where relative paths start.
Result<Suite> read_suite(std::string_view text, const std::filesystem::path& file,
                         const SuiteOptions& options);

}  // namespace weir::scenario

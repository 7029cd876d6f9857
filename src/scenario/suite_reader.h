#pragma once
// Reads scenario files.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "scenario/script.h"

namespace weir::scenario {

// What the command line says in the place of the file.
struct SuiteOverrides {
  std::filesystem::path plugin;  // a .wasm file; empty: the file's own
};

// YAML or JSON, read strictly; the plugin's code is read too. The error says where it stands:
// "scenario.yaml:7:3: scenarios[0].stepz: unknown field; did you mean 'steps'?".
Result<Suite> read_suite(const std::filesystem::path& file, const SuiteOverrides& overrides);
// The same of a text; `file` is for messages, and where relative paths start.
Result<Suite> read_suite(std::string_view text, const std::filesystem::path& file,
                         const SuiteOverrides& overrides);

}  // namespace weir::scenario

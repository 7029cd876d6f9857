#pragma once
// What `weir inspect` tells of a .wasm file, as text and as JSON.

#include <cstdint>
#include <string>
#include <vector>

#include "abi/module_report.h"
#include "cli/trial.h"

namespace weir::cli {

struct Inspection {
  std::string file;
  uint64_t bytes;
  abi::ModuleReport module;
  std::vector<Trial> trials;

  // Some engine that is there runs it.
  bool loads() const;
  // What the first engine says of a module that is none, and that no engine takes; otherwise null.
  const Trial* refusal() const;
};

std::string to_text(const Inspection&);

// {"file", "bytes", "abi", "abi_marker", "language", "sdk", "sdk_version", "producers": [{"field",
// "name", "version"}], "start_sequence": [], "allocator", "memory": {"min_pages", "max_pages",
// "exported"}, "callbacks": [{"name", "subject", "fits"}], "unknown_callbacks": [],
// "other_exports": [], "imports": [{"kind", "module", "name", "type", "subject"}], "sections":
// [{"name", "bytes"}], "capabilities": [], "allowed_capabilities": [], "engines": [{"name",
// "version", "outcome", "reason", "log": [], "log_left_out"}], "loads"}. What is not there is
// null.
std::string to_json(const Inspection&);

}  // namespace weir::cli

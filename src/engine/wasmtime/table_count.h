#pragma once
// How many tables a module has. Wasmtime bounds each and does not tell how many there are, in a
// module or in an artifact; so the number travels with artifacts.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace weir::engine::wasmtime {

// Of a module that Wasmtime has found valid, those that it does not import.
uint32_t count_tables(Bytes wasm);

// An artifact of Wasmtime's, and the number of its module's tables.
struct CountedArtifact {
  Bytes artifact;
  uint32_t tables;
};

std::vector<std::byte> join(const CountedArtifact&);
// Nothing where `bytes` are too short for what join() makes.
std::optional<CountedArtifact> split(Bytes bytes);

}  // namespace weir::engine::wasmtime

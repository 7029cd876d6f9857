#pragma once
// One generated module on one engine: everything that a host can see of it, as text.

#include <string>
#include <string_view>

#include "abi/limited_module.h"
#include "engine/engine.h"

namespace weir::test {

// Compiles the module and calls its functions in turn, twice, with numbers that follow from `seed`:
// results, globals and memory after each call, or the kind of the trap. The instance that has
// trapped is replaced. The text begins with "refused: " where the module is not taken.
std::string run_module(const engine::Engine& engine, abi::SupplyLimits supply,
                       std::string_view wasm, uint64_t seed);

}  // namespace weir::test

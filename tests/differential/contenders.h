#pragma once
// The engines that must agree, each in one configuration.

#include <ostream>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace weir::test {

struct Contender {
  std::string name;  // as part of a test's: "wasmtime_on_demand"
  const engine::Engine* engine;
};
inline void PrintTo(const Contender& contender, std::ostream* out) { *out << contender.name; }

// What all others are compared with: Wasmtime as it is by default.
const engine::Engine& reference_engine();

// Wasmtime without a pool, and every other engine that runs wasm and can be loaded here.
const std::vector<Contender>& contenders();

}  // namespace weir::test

#pragma once
// The engines that must agree, each in one configuration.

#include <ostream>
#include <string>
#include <vector>

#include "abi/limited_module.h"
#include "engine/engine.h"

namespace weir::test {

struct Contender {
  std::string name;  // as part of a test's: "wasmtime_on_demand"
  const engine::Engine* engine;
  abi::SupplyLimits supply_limits = abi::SupplyLimits::Missing;
};
inline void PrintTo(const Contender& contender, std::ostream* out) { *out << contender.name; }

// What all others are compared with: Wasmtime as it is by default.
const Contender& reference();

// Wasmtime without a pool, and with limits supplied by Weir; and every other engine that runs wasm
// and can be loaded here.
const std::vector<Contender>& contenders();

}  // namespace weir::test

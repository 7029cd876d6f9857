#pragma once
// The state of an instance: how it is told, and how a module is written whose instances begin with
// it.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "module/section_rewrite.h"

namespace weir::wasm {

// What a module's code can change, and a file can say again: the memory and those globals that code
// sets. The state of tables and of passive segments is neither told by an engine nor expressible
// where functions are all that tells two references apart, so a module whose code may change those
// is Unsupported by both functions below, as is one with several memories or one that it does not
// export as "memory".
struct InstanceState {
  Bytes memory;                   // empty where the module has none
  std::vector<uint64_t> globals;  // what the ObservableModule's functions answer, in their order
};

// A module with functions that tell its state, each () -> i64, by these names.
struct ObservableModule {
  RewrittenModule module;
  std::vector<std::string> state_functions;
};

// Adds those functions. All that the module had stays, under its number.
Result<ObservableModule> make_observable(Bytes wasm);

// Writes the module so that its instances begin with `state`: without a start section, with the
// memory as large as it was. `wasm` is what make_observable() was given.
Result<RewrittenModule> bake_state(Bytes wasm, const InstanceState& state);

}  // namespace weir::wasm

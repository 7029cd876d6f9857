#pragma once
// A module's compiled code, which all threads share.

#include <v8-wasm.h>

#include <span>

#include "engine/engine.h"

namespace weir::engine::v8_adapter {

// Immutable. Thread: any.
struct ModuleCode {
  v8::CompiledWasmModule compiled;
  std::span<const Import> imports;  // checked: these, of these types, in this order
};

}  // namespace weir::engine::v8_adapter

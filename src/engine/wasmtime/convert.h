#pragma once
// Types, errors and traps, from Wasmtime's to the seam's and back.

#include <optional>

#include "base/func_type.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/wasmtime/handles.h"

namespace weir::engine::wasmtime {

OwnedFuncType to_functype(Signature);

// Nothing where a parameter or result is of a type that cannot cross the seam.
std::optional<FuncType> to_func_type(const wasm_functype_t*);

// Consumes `error`.
Error to_error(wasmtime_error_t* error, ErrorCode code);

// A trap of the guest, its kind taken from the trap's code.
Trap to_trap(const wasm_trap_t&);

// Something else that ended a call: `kind` is what the caller knows of it.
Trap to_trap(const wasmtime_error_t&, TrapKind kind);

// One bit for each type that fills half a slot.
uint32_t narrow_mask(std::span<const ValType> types);

// A value that the guest has just stored, where bit `index` of `narrow` tells that it fills half a
// slot. Wasmtime leaves the other half undefined, and to read it too would wait: a processor hands
// on what it stores only to a load of no more than that.
inline uint64_t to_slot(const wasmtime_val_raw_t& raw, uint32_t narrow, size_t index) {
  if (((narrow >> index) & 1) != 0) {
    return static_cast<uint32_t>(raw.i32);
  }
  return static_cast<uint64_t>(raw.i64);
}

static_assert(kMaxSlots <= 32, "narrow_mask has a bit for each slot");

}  // namespace weir::engine::wasmtime

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

// `value` with the upper half cleared, where bit `index` of `narrow` is set. Wasmtime leaves that
// half undefined.
inline uint64_t extend(uint64_t value, uint32_t narrow, size_t index) {
  return value & (UINT64_MAX >> (((narrow >> index) & 1) * 32));
}

static_assert(kMaxSlots <= 32, "narrow_mask has a bit for each slot");

}  // namespace weir::engine::wasmtime

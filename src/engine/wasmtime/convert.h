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

// What crosses in one direction, parameters or results.
struct Values {
  uint32_t narrow;  // a bit for each that fills half a slot
  uint8_t count;
  bool all_narrow;
};
Values values_of(std::span<const ValType> types);

// Takes what the guest has just stored. Where a value fills half a slot, Wasmtime leaves the other
// half undefined, and to read it too would wait: a processor hands on what it stores only to a load
// of no more than that.
inline void take(const wasmtime_val_raw_t* from, Values values, uint64_t* slots) {
  if (values.all_narrow) {
    for (size_t i = 0; i < values.count; ++i) slots[i] = static_cast<uint32_t>(from[i].i32);
    return;
  }
  for (size_t i = 0; i < values.count; ++i) {
    slots[i] = ((values.narrow >> i) & 1) != 0 ? static_cast<uint32_t>(from[i].i32)
                                               : static_cast<uint64_t>(from[i].i64);
  }
}

inline void give(const uint64_t* slots, size_t count, wasmtime_val_raw_t* to) {
  for (size_t i = 0; i < count; ++i) to[i].i64 = static_cast<int64_t>(slots[i]);
}

static_assert(kMaxSlots <= 32, "Values::narrow has a bit for each slot");

}  // namespace weir::engine::wasmtime

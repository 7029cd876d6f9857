#pragma once
// Types and traps, from WAMR's to the seam's.

#include <optional>
#include <string_view>

#include "base/func_type.h"
#include "engine/engine.h"
#include "engine/wamr/handles.h"

namespace weir::engine::wamr {

// Nothing where a parameter or result is of a type that cannot cross the seam.
std::optional<FuncType> to_func_type(wasm_func_type_t);

// WAMR's texts without the phrase that stands before all of their kind.
std::string_view plain_text(std::string_view message);

// Why WAMR does not load a module, by its plain text.
Error to_error(std::string_view text);

// The kind of trap that WAMR describes so; it tells them apart by their texts only.
TrapKind trap_kind(std::string_view text);

// The frames of an instance that has met an exception. Functions below `imported`, which the guest
// imports, are left out.
std::vector<Frame> to_frames(wasm_module_inst_t, size_t imported);

}  // namespace weir::engine::wamr

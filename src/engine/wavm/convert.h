#pragma once
// Types, refusals and traps, from WAVM's to the seam's and back.

#include <WAVM/IR/Types.h>
#include <WAVM/Runtime/Runtime.h>

#include <string>
#include <vector>

#include "base/func_type.h"
#include "base/result.h"
#include "engine/engine.h"

namespace weir::engine::wavm {

WAVM::IR::FunctionType to_function_type(Signature);

// Nothing where a parameter or result is of a type that cannot cross the seam.
std::optional<FuncType> to_func_type(WAVM::IR::FunctionType);

// Why WAVM does not take a module, by WAVM's own words. A proposal that it lacks is named.
Error to_error(std::string_view refusal);

// The name under which a guest is instantiated: frames of other code are left out of traps.
inline constexpr const char* kGuestName = "guest";

// What ended a guest. A guest's functions are named by their index to WAVM; `names` has their own.
Trap to_trap(const WAVM::Runtime::Exception&, const std::vector<std::string>& names);

}  // namespace weir::engine::wavm

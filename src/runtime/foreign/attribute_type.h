#pragma once
// How an expression reads what proxy_get_property answers: bytes alone do not tell.

#include <string_view>

#include "runtime/filter_state.h"
#include "runtime/foreign/cel/weir_cel.h"

namespace weir::runtime::foreign {

// The type of the property with that path, its segments joined by NUL. Text is what is not known to
// be something else.
WeirCelType attribute_type(std::string_view path, const FilterState& filter_state);

}  // namespace weir::runtime::foreign

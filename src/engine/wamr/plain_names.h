#pragma once
// Names of functions as WAMR takes them.

#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace weir::engine::wamr {

// The module with names of functions that are printable, and not much longer than what a trap shows
// of one, behind all else. A section of names need not be valid, but WAMR refuses a module for it,
// and for the name of a function that there is not, or not yet; and its compiler, which has 16 bits
// for the length of a name, keeps no name at all where one is longer. A section that cannot be read
// is left out, a module that cannot stays as it is.
std::vector<std::byte> with_plain_names(Bytes wasm);

}  // namespace weir::engine::wamr

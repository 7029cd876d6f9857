#pragma once
// Tables that are larger than WAVM can express, which it takes for malformed.

#include <cstddef>
#include <span>

namespace weir::engine::wavm {

// Writes the most that WAVM can express in the place of what tables of the module `wasm` declare
// beyond it: still more than any limit, so that what begins so large is not instantiated. Leaves
// what it cannot read to WAVM.
void lower_large_tables(std::span<std::byte> wasm);

}  // namespace weir::engine::wavm

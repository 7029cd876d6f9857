#pragma once
// A module as WasmEdge may be given it: without what could make it end the process.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::engine::wasmedge {

// WasmEdge allocates what a module declares, and dies where that cannot be had; and it runs native
// code that it finds in a custom section.
struct BoundedModule {
  // Without custom sections, and with a maximum for each table.
  std::vector<std::byte> wasm;
  // What the module's memories and tables hold at first; WasmEdge itself would cut the former down
  // to its limit, silently.
  uint64_t memory_bytes = 0;
  uint64_t table_elements = 0;
};

// `max_table_elements` bounds all tables of an instance together, as they grow. Fails with
// BadModule where sections, memories or tables cannot be read or types are no functions', with
// LimitExceeded where functions have too many locals or there are too many tables. All else that is
// wrong with a module is left to WasmEdge.
Result<BoundedModule> bound_module(Bytes wasm, uint64_t max_table_elements);

}  // namespace weir::engine::wasmedge

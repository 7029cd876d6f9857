#pragma once
// What a module's tables and element segments take of each instance.

#include <cstdint>

#include "base/result.h"
#include "module/module_info.h"

namespace weir::wasm {

// An instance is made with all entries of its element segments, and no deadline ends that: a
// million of them take V8 a second. Plugins of real compilers have some thousands, the largest
// programs that are known some ten thousands.
inline constexpr uint64_t kMaxElementEntries = 262'144;

struct TableUse {
  // Elements that the tables may come to have, together: their maxima where code grows tables, else
  // what they begin with.
  uint64_t elements = 0;
  // Of all element segments, a segment counting as one more.
  uint64_t entries = 0;
};

// Of a module whose tables share `max_elements`. Unsupported where it has more entries than
// kMaxElementEntries, or what is unknown; BadModule where it is malformed. `info` is what
// read_module() says of `wasm`.
Result<TableUse> read_table_use(Bytes wasm, const ModuleInfo& info, uint64_t max_elements);

}  // namespace weir::wasm

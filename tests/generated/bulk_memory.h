#pragma once
// Whether a module does what drafts of bulk memory differ in.

#include "base/bytes.h"

namespace weir::test {

// Its code has memory.init, data.drop, table.init or elem.drop.
bool copies_or_drops_segments(Bytes wasm);

}  // namespace weir::test

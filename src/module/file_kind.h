#pragma once
// Tells a WebAssembly module from the other files that are given by mistake.

#include "base/bytes.h"
#include "base/result.h"

namespace weir::wasm {

// A module's magic number and version.
inline constexpr size_t kPreambleBytes = 8;

// Fails with one sentence that says what the file is, where it does not begin as a module does.
Done check_preamble(Bytes file);

}  // namespace weir::wasm

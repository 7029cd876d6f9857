#pragma once
// A bound on how deep blocks may lie in each other.

#include <cstdint>

#include "base/result.h"
#include "module/module_info.h"

namespace weir::wasm {

// WebAssembly has none, and compilers take time with the square of it: a file of 200 kB that is
// nothing but blocks occupies one for many minutes, which no deadline ends. Plugins of real
// compilers stay below 600, and the largest programs that are known below 1500.
inline constexpr uint32_t kMaxNesting = 4096;

// Fails where a function's blocks, loops, ifs and tries lie deeper in each other: Unsupported. What
// is no code is a BadModule. `info` is what read_module() says of `wasm`. Looks only into functions
// that are long enough.
Done check_nesting(Bytes wasm, const ModuleInfo& info);

}  // namespace weir::wasm

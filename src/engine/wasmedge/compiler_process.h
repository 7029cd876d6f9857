#pragma once
// WasmEdge's compiler, in a process of its own: it would take the signals of the one it runs in,
// and a module that it has not been written for ends it by an assertion.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::engine::wasmedge {

// The program that compiles, which lies beside the adapter.
Result<std::filesystem::path> find_compiler();

// What the compiled code depends on besides WasmEdge's version, the module and the processor. Code
// that does not check the stack is of other options, and so is never loaded.
inline constexpr const char* kCompilerOptions = "O2 up to 1 MiB, stack checked";

// The module with its compiled code in a section of its own, as WasmEdge loads it. `wasm` is valid.
// Thread: any.
Result<std::vector<std::byte>> compile_ahead(Bytes wasm);

}  // namespace weir::engine::wasmedge

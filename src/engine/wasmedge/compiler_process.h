#pragma once
// WasmEdge's compiler, in a process of its own: it would take the signals of the one it runs in,
// and a module that it has not been written for ends it by an assertion.

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::engine::wasmedge {

// The program that compiles, which lies beside the adapter. What lies there and is another one, or
// cannot be run, is an error that names it and a remedy: run, it would seem to refuse the module.
Result<std::filesystem::path> find_compiler();

// The module with its compiled code in a section of its own, as WasmEdge loads it. `wasm` is valid.
// Thread: any.
Result<std::vector<std::byte>> compile_ahead(Bytes wasm);

}  // namespace weir::engine::wasmedge

#pragma once
// What the process that has a plugin compiled and the one that compiles it agree on.

#include <string_view>

namespace weir::engine::wasmedge {

// The program that compiles, which lies beside the adapter.
inline constexpr std::string_view kCompiler = "weir-wasmedge-compile";

// What the compiled code depends on besides WasmEdge's version, the module and the processor. Code
// that does not check the stack is of other options, and so is never loaded.
inline constexpr std::string_view kCompilerOptions = "O2 up to 1 MiB, stack checked";

// The program's file has the two in one piece, with this between them, and no other file does.
inline constexpr std::string_view kCompilesBy = " compiles by ";

// How the folder begins that both work in.
inline constexpr const char* kWorkplace = "weir-wasmedge-";
// In it.
inline constexpr const char* kSource = "in.wasm";
inline constexpr const char* kCompiled = "out.wasm";

}  // namespace weir::engine::wasmedge

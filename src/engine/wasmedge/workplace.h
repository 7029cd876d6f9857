#pragma once
// What the process that has a plugin compiled and the one that compiles it agree on.

namespace weir::engine::wasmedge {

// How the folder begins that both work in.
inline constexpr const char* kWorkplace = "weir-wasmedge-";
// In it.
inline constexpr const char* kSource = "in.wasm";
inline constexpr const char* kCompiled = "out.wasm";

}  // namespace weir::engine::wasmedge

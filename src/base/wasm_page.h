#pragma once
// WebAssembly core specification, 4.2.8: the unit of a memory's size.

#include <cstdint>

namespace weir {

inline constexpr uint64_t kWasmPageBytes = 64 * 1024;
// Of a memory with 32-bit addresses.
inline constexpr uint64_t kMostWasmPages = 65'536;

}  // namespace weir

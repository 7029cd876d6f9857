#pragma once
// How much a data plane holds for a plugin.

#include <cstdint>

namespace weir::planes {

// Of bytes in one direction that are held for a plugin, or to be sent again, as in Envoy
// (per_connection_buffer_limit).
inline constexpr uint64_t kBufferLimit = 1 << 20;

}  // namespace weir::planes

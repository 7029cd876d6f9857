#pragma once
// What Envoy's access logs tell where this module answered or closed by itself: the same as of its
// Wasm filter.

#include <string_view>

namespace weir::envoy_plane {

inline constexpr std::string_view kFailDetails = "wasm_fail_stream";
inline constexpr std::string_view kCloseDetails = "wasm_close_stream";

}  // namespace weir::envoy_plane

#pragma once
// What a plugin's value is called in Envoy's filter state, where other filters and access logs see
// it.

#include <string>
#include <string_view>

namespace weir::envoy_plane {

// As Envoy's own Wasm filter calls it.
inline std::string public_name(std::string_view name) { return std::string("wasm.").append(name); }

}  // namespace weir::envoy_plane

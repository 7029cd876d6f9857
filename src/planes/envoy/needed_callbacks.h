#pragma once
// Whether the Envoy that loads this module is one that it can work with.

namespace weir::envoy_plane {

// False: Envoy lacks functions that this module calls; the log says which. Envoy binds them when
// they are first called, and would die then.
bool has_needed_callbacks();

}  // namespace weir::envoy_plane

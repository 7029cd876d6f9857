#pragma once
// Whether the Envoy that loads this module is one that it can work with.

#include "base/result.h"

namespace weir::envoy_plane {

// What of Envoy a part of this module needs.
enum class Part : uint8_t { Module, HttpFilter, NetworkFilter, AccessLogger, Bootstrap, Cluster };

// The error names the functions that the part calls and this Envoy does not have: Envoy binds them
// when they are first called, and would die then. Thread: any.
Done check_callbacks(Part part);

}  // namespace weir::envoy_plane

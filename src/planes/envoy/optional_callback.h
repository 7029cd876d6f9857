#pragma once
// Functions that not every Envoy has in which this module works.

#include <dlfcn.h>

namespace weir::envoy_plane {

// By the whole name. Null: this Envoy does not have it. Thread: any.
template <typename Function>
Function* find_callback(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace weir::envoy_plane

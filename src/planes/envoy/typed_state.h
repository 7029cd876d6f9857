#pragma once
// Objects in Envoy's filter state that are no strings.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "planes/envoy/dynamic_module.h"
#include "runtime/filter_state.h"

namespace weir::envoy_plane {

// What Envoy and its other filters have put into filter state as objects of types of their own, as
// the bytes that these are written as. Envoy keeps the bytes of each answer until the stream goes,
// so a guest that asks again and again is answered from here, as long as nothing can have changed.
// Thread: the stream's.
class TypedState {
 public:
  // Null: there is no such object, or it is of a type that cannot be written. Valid as what
  // FilterState::find() gives. `epoch` is Worker::epoch().
  template <auto Get>
  const runtime::FilterState::Entry* find(auto* filter, std::string_view name, uint64_t epoch) {
    if (epoch_ != epoch) known_.clear();
    epoch_ = epoch;
    const auto known = known_.find(name);
    if (known != known_.end()) return &known->second;
    EnvoyBuffer bytes;
    if (!Get(filter, name, &bytes)) return nullptr;
    return &known_.emplace(name, runtime::FilterState::Entry{std::string(bytes.view()), {}})
                .first->second;
  }

 private:
  std::map<std::string, runtime::FilterState::Entry, std::less<>> known_;
  uint64_t epoch_ = 0;
};

}  // namespace weir::envoy_plane

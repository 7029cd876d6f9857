#pragma once
// The contexts of one VM instance, by the ids that the guest knows them by.

#include <cstdint>
#include <vector>

#include "abi/types.h"
#include "base/check.h"

namespace weir::runtime {

// Ids count up from 1, so one is not used again soon. A context lies at its id modulo the size of
// the table; an id whose place is taken is passed over. Neither owns nor allocates, save to grow.
template <typename Context>
class ContextTable {
 public:
  abi::ContextId add(Context& context) {
    if (2 * count_ >= places_.size()) grow();
    while (next_id_ == 0 || places_[place_of(next_id_)].context != nullptr) ++next_id_;
    const uint32_t id = next_id_++;
    places_[place_of(id)] = {id, &context};
    ++count_;
    return static_cast<abi::ContextId>(id);
  }

  // The next context gets this id, unless its place is taken.
  void go_on_from(uint32_t id) { next_id_ = id; }

  void remove(abi::ContextId id) {
    Place& place = places_[place_of(static_cast<uint32_t>(id))];
    WEIR_CHECK(place.context != nullptr && place.id == static_cast<uint32_t>(id));
    place = {};
    --count_;
  }

  // Null: there is none of that id.
  Context* find(abi::ContextId id) const {
    const Place& place = places_[place_of(static_cast<uint32_t>(id))];
    return place.id == static_cast<uint32_t>(id) ? place.context : nullptr;
  }

  size_t count() const { return count_; }

  std::vector<abi::ContextId> ids() const {
    std::vector<abi::ContextId> ids;
    for (const Place& place : places_) {
      if (place.context != nullptr) ids.push_back(static_cast<abi::ContextId>(place.id));
    }
    return ids;
  }

 private:
  struct Place {
    uint32_t id = 0;
    Context* context = nullptr;
  };

  // The size is a power of two.
  size_t place_of(uint32_t id) const { return id & (places_.size() - 1); }

  // Ids that were in different places of the smaller table are so in the larger one.
  void grow() {
    std::vector<Place> old(places_.size() * 2);
    old.swap(places_);
    for (const Place& place : old) {
      if (place.context != nullptr) places_[place_of(place.id)] = place;
    }
  }

  std::vector<Place> places_ = std::vector<Place>(16);
  size_t count_ = 0;
  uint32_t next_id_ = 1;
};

}  // namespace weir::runtime

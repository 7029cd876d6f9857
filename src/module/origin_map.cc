#include "module/origin_map.h"

#include <algorithm>

namespace weir::wasm {

void OriginMap::begin_body(uint32_t old_code) {
  bodies_.push_back({.new_code = 0, .old_code = old_code, .edits = edits_.size()});
}

void OriginMap::add_edit(uint32_t copied, uint32_t removed, uint32_t inserted) {
  put(copied);
  put(removed);
  put(inserted);
}

void OriginMap::put(uint32_t number) {
  for (; number >= 0x80; number >>= 7) edits_.push_back(static_cast<uint8_t>(number | 0x80));
  edits_.push_back(static_cast<uint8_t>(number));
}

uint32_t OriginMap::get(size_t& at) const {
  uint32_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t next = edits_[at++];
    number |= uint32_t{next & 0x7fu} << shift;
    if ((next & 0x80) == 0) return number;
  }
}

std::optional<uint32_t> OriginMap::old_function(uint32_t new_function) const {
  if (new_function < added_at_) return new_function;
  if (new_function == added_at_ || new_function - 1 >= functions_) return std::nullopt;
  return new_function - 1;
}

uint64_t OriginMap::old_offset(uint64_t new_offset) const {
  if (new_offset < section_) return new_offset;
  uint64_t left = new_offset - section_;
  auto body = std::ranges::upper_bound(bodies_, left, {}, &Body::new_code);
  if (body == bodies_.begin()) return new_offset;
  const size_t end = body == bodies_.end() ? edits_.size() : body->edits;
  --body;

  left -= body->new_code;
  uint64_t old = body->old_code;
  for (size_t at = body->edits; at != end;) {
    const uint32_t copied = get(at);
    const uint32_t removed = get(at);
    const uint32_t inserted = get(at);
    if (left < copied) break;
    old += copied;
    left -= copied;
    if (left < inserted) return old;
    old += removed;
    left -= inserted;
  }
  return old + left;
}

}  // namespace weir::wasm

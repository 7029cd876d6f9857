#pragma once
// What adapters read of a module's bytes themselves, where an engine does not tell or not bound it.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace weir::engine {

// Reads from the front of a module or of one of its sections; past the end everything is 0, and
// failed() tells.
class Cursor {
 public:
  explicit Cursor(Bytes rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }
  bool failed() const { return failed_; }

  uint8_t byte() {
    const Bytes one = take(1);
    return one.empty() ? 0 : static_cast<uint8_t>(one[0]);
  }

  uint32_t u32() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const uint8_t next = byte();
      value |= uint64_t{next & 0x7fu} << shift;
      if ((next & 0x80) == 0) {
        if (value > UINT32_MAX) failed_ = true;
        return static_cast<uint32_t>(value);
      }
    }
    failed_ = true;
    return 0;
  }

  Bytes take(size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  Bytes rest_;
  bool failed_ = false;
};

}  // namespace weir::engine

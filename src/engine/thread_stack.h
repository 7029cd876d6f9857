#pragma once
// How much stack the calling thread has.

#include <cstdint>

namespace weir::engine {

// What a guest leaves of it to the functions that it calls out to, and to signals.
inline constexpr uint64_t kHostStackBytes = 128 * 1024;

class ThreadStack {
 public:
  ThreadStack() = default;
  // `lowest` is the last address that may be used.
  ThreadStack(uintptr_t lowest, uint64_t bytes) : lowest_(lowest), bytes_(bytes) {}

  // Of the calling thread, asked of the system once for each.
  static const ThreadStack& current();

  // As the thread was made; 0: not known.
  uint64_t bytes() const { return bytes_; }

  // How many are left below `here`; no bound where it is not known, as where somebody has changed
  // to another stack.
  uint64_t left(uintptr_t here) const {
    const bool known = here > lowest_ && here - lowest_ <= bytes_;
    return known ? here - lowest_ : UINT64_MAX;
  }

  // How far down the frames of a guest may come that is to have `bytes` below `here`: not so far
  // where the thread has less.
  uintptr_t bound(uintptr_t here, uint64_t bytes) const {
    const uint64_t left_here = left(here);
    if (left_here >= bytes + kHostStackBytes) return here - bytes;
    return lowest_ + kHostStackBytes;
  }

 private:
  uintptr_t lowest_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace weir::engine

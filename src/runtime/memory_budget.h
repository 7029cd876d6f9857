#pragma once
// What the instances of one worker's streams may take of memory together: their linear memories,
// and what each is known to take beside it (abi::LinkedModule::bytes_beside_memory).

#include <cstdint>

namespace weir::runtime {

// Thread: its worker's.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t max_bytes) : max_(max_bytes) {}

  // An instance's part of it: given back when the part goes.
  class Part {
   public:
    explicit Part(MemoryBudget& budget) : budget_(budget) {}
    ~Part() { budget_.used_ -= bytes_; }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    // The instance takes so much now. False: all together take more than they may.
    bool set(uint64_t bytes) {
      if (bytes == bytes_) return true;
      const bool grows = bytes > bytes_;
      budget_.used_ += bytes - bytes_;
      bytes_ = bytes;
      return !grows || budget_.used_ <= budget_.max_;
    }

   private:
    MemoryBudget& budget_;
    uint64_t bytes_ = 0;
  };

  bool has_room_for(uint64_t bytes) const { return used_ <= max_ && bytes <= max_ - used_; }
  uint64_t used() const { return used_; }
  uint64_t max() const { return max_; }

 private:
  uint64_t max_;
  uint64_t used_ = 0;
};

}  // namespace weir::runtime

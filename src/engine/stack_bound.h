#pragma once
// How much stack guests have whose code checks it by itself: code that is compiled for a split
// stack compares, where each function begins, its stack pointer with a word of the thread's control
// block.

#include <cstdint>

#include "engine/thread_stack.h"

namespace weir::engine {

// While it lives, guests of this thread that are compiled so have `bytes` of stack, from here on,
// or what the thread has left; 0 sets no bound. Inside another one it changes nothing, whichever
// engine's that is: calls nested in each other share one bound. On processors other than x86-64 no
// engine's code looks.
class StackBound {
 public:
  explicit StackBound(uint64_t bytes) : outer_(word()) {
    if (outer_ != 0 || bytes == 0) return;
    set_word(ThreadStack::current().bound(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)),
                                          bytes));
  }
  StackBound(const StackBound&) = delete;
  StackBound& operator=(const StackBound&) = delete;
  ~StackBound() { set_word(outer_); }

 private:
  // The word that the C library keeps for this. 0, as a thread begins: no bound.
#ifdef __x86_64__
  static uint64_t word() {
    uint64_t bound = 0;
    asm volatile("movq %%fs:0x70, %0" : "=r"(bound));
    return bound;
  }
  static void set_word(uint64_t bound) { asm volatile("movq %0, %%fs:0x70" : : "r"(bound)); }
#else
  static uint64_t word() { return 0; }
  static void set_word(uint64_t) {}
#endif

  uint64_t outer_;
};

}  // namespace weir::engine

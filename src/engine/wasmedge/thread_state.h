#pragma once
// What WasmEdge keeps for a thread.

#include <array>
#include <cstddef>

#include "base/result.h"

namespace weir::engine::wasmedge {

// Compiled code runs with what WasmEdge keeps in its thread-local storage: executor, stack of
// values, memories. A call that is made from within a host function leaves its own there, and the
// caller would go on with a stack that is gone: so it is in 0.14.1. This puts back what was there
// when it was made. The storage holds pointers and numbers only.
class ThreadState {
 public:
  // Whether there is room for all of it. `function` is any of the library's.
  static Done check(const void* function);

  explicit ThreadState(const void* function);
  ThreadState(const ThreadState&) = delete;
  ThreadState& operator=(const ThreadState&) = delete;
  ~ThreadState();

 private:
  static constexpr size_t kMaxBytes = 4096;

  std::byte* storage_;
  size_t size_;
  std::array<std::byte, kMaxBytes> saved_;
};

}  // namespace weir::engine::wasmedge

#pragma once
// A number that one thread changes and any thread reads.

#include <atomic>
#include <cstdint>

namespace weir::serve {

// Costs no more than a plain integer: with a single writer no locked instruction is needed.
class Counter {
 public:
  // Thread: the owner's.
  void add(uint64_t n = 1) { value_.store(value() + n, std::memory_order_relaxed); }
  void subtract(uint64_t n = 1) { value_.store(value() - n, std::memory_order_relaxed); }

  // Thread: any.
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// One of those that a counter tells of, for as long as it lives.
class Counted {
 public:
  // The counter outlives it.
  explicit Counted(Counter& counter) : counter_(counter) { counter_.add(); }
  ~Counted() { counter_.subtract(); }

  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Counter& counter_;
};

}  // namespace weir::serve

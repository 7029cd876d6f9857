#pragma once
// Where time comes from: the system, or a test that moves it by hand.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir {

using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;

  // Since 1970-01-01 UTC. Thread: any.
  virtual Nanoseconds wall() const = 0;

  // Since some fixed moment; never runs backwards. Thread: any.
  virtual Nanoseconds monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Nanoseconds wall() const override { return std::chrono::system_clock::now().time_since_epoch(); }
  Nanoseconds monotonic() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

// Stands still until advance(). Thread: any.
class ManualClock final : public Clock {
 public:
  Nanoseconds wall() const override { return Nanoseconds(now_.load()); }
  Nanoseconds monotonic() const override { return Nanoseconds(now_.load()); }
  void advance(Nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<int64_t> now_ = 1'700'000'000'000'000'000;
};

}  // namespace weir

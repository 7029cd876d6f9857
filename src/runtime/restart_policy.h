#pragma once
// When a VM that failed may be started again.

#include <algorithm>
#include <random>

#include "base/clock.h"

namespace weir::runtime {

// A burst of starts is free, so that a crash costs the next stream nothing; beyond it one start is
// earned in each `base` of time. A start that fails sets a delay, which doubles from `base` up to
// `max`, with jitter. Thread: its owner's.
class RestartPolicy {
 public:
  static constexpr double kBurst = 20;

  RestartPolicy(Milliseconds base, Milliseconds max)
      : base_(std::max(base, Milliseconds(1))), max_(std::max<Nanoseconds>(max, base_)) {}

  // Whether a start may be tried now; if so it is counted.
  bool take(Nanoseconds now) {
    earned_ = std::min(kBurst, earned_ + periods(now - last_));
    last_ = now;
    if (now < not_before_ || earned_ < 1) return false;
    earned_ -= 1;
    return true;
  }

  // Whether no delay after a failed start is left; counts nothing.
  bool may_start(Nanoseconds now) const { return now >= not_before_; }

  // Whether take() would answer true; counts nothing.
  bool would_take(Nanoseconds now) const {
    return may_start(now) && std::min(kBurst, earned_ + periods(now - last_)) >= 1;
  }

  void succeeded() { delay_ = {}; }

  void failed(Nanoseconds now) {
    delay_ = std::clamp<Nanoseconds>(2 * delay_, base_, max_);
    std::uniform_real_distribution<double> jitter(0.5, 1.0);
    not_before_ =
        now +
        Nanoseconds(static_cast<int64_t>(static_cast<double>(delay_.count()) * jitter(random_)));
  }

 private:
  double periods(Nanoseconds time) const {
    return static_cast<double>(time.count()) / static_cast<double>(base_.count());
  }

  Nanoseconds base_;
  Nanoseconds max_;
  double earned_ = kBurst;
  Nanoseconds last_{};
  Nanoseconds delay_{};
  Nanoseconds not_before_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace weir::runtime

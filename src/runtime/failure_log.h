#pragma once
// The log's lines about instances of streams that fail: bounded, since whoever can make a plugin
// trap can do so with each request, and nothing makes the next stream wait.

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace weir::runtime {

// Of the instances that one worker runs for streams of a VM. A burst of lines is written, then one
// a second; the next line that is written says how many were left out. All failures are counted by
// metrics. Thread: its worker's.
class FailureLog {
 public:
  static constexpr double kBurst = 20;

  // Both outlive it.
  FailureLog(Logger& logger, const Clock& clock) : logger_(logger), clock_(clock) {}

  void write(std::string line) {
    const Nanoseconds now = clock_.monotonic();
    const std::chrono::duration<double> passed = now - std::exchange(last_, now);
    earned_ = std::min(kBurst, earned_ + passed.count());
    if (earned_ < 1) {
      ++left_out_;
      return;
    }
    earned_ -= 1;
    if (const uint64_t left_out = std::exchange(left_out_, 0); left_out != 0) {
      line.append(" (").append(std::to_string(left_out));
      line.append(" failures before this one were not logged)");
    }
    logger_.log(LogLevel::Error, line);
  }

 private:
  Logger& logger_;
  const Clock& clock_;
  double earned_ = kBurst;
  Nanoseconds last_{};
  uint64_t left_out_ = 0;
};

}  // namespace weir::runtime

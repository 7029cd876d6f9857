#pragma once
// Durations of messages as the clock's.

#include <google/protobuf/duration.pb.h>

#include <algorithm>

#include "base/clock.h"

namespace weir::config {

// Rounded up, so that a short time does not become none; what is no time at all is held to the
// message's own range, ten thousand years.
inline Milliseconds to_milliseconds(const google::protobuf::Duration& duration) {
  constexpr int64_t kMaxSeconds = 315'576'000'000;
  int64_t seconds = std::clamp(duration.seconds(), -kMaxSeconds, kMaxSeconds);
  int64_t nanoseconds = duration.nanos();
  return Milliseconds(seconds * 1000 + (nanoseconds + 999'999) / 1'000'000);
}

}  // namespace weir::config

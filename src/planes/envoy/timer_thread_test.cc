#include "planes/envoy/timer_thread.h"

#include <gtest/gtest.h>

#include <latch>
#include <vector>

#include "base/guarded.h"

namespace weir::envoy_plane {
namespace {

TEST(TimerThreadTest, CallsInOrderOfTimeWhateverTheOrderOfAdding) {
  const SystemClock clock;
  TimerThread timers(clock);
  Guarded<std::vector<int>> called;
  std::latch done(3);
  for (int delay : {30, 10, 20}) {
    timers.add(Milliseconds(delay), [&, delay] {
      called.lock()->push_back(delay);
      done.count_down();
    });
  }
  done.wait();
  EXPECT_EQ(*called.lock(), (std::vector<int>{10, 20, 30}));
}

TEST(TimerThreadTest, WhatIsRemovedIsNotCalled) {
  const SystemClock clock;
  TimerThread timers(clock);
  std::latch done(1);
  Guarded<int> called;
  const auto ticket = timers.add(Milliseconds(10), [&] { ++*called.lock(); });
  timers.add(Milliseconds(20), [&] { done.count_down(); });
  timers.remove(ticket);
  timers.remove(ticket);
  done.wait();
  EXPECT_EQ(*called.lock(), 0);
}

TEST(TimerThreadTest, EndsWithTimersLeft) {
  const SystemClock clock;
  TimerThread timers(clock);
  timers.add(Milliseconds(1 << 30), [] { FAIL(); });
}

}  // namespace
}  // namespace weir::envoy_plane

#include "planes/serve/timeout_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "planes/serve/chain_fakes.h"

namespace weir::serve {
namespace {

using namespace std::chrono_literals;

class TimeoutQueueTest : public testing::Test {
 protected:
  class Entry final : public TimeoutQueue::Entry {
   public:
    explicit Entry(TimeoutQueueTest& test) : test_(test) {}

    void on_timeout() override {
      passed_at = test_.clock_.monotonic();
      if (then) then();
    }

    std::optional<Nanoseconds> passed_at;
    std::function<void()> then;

   private:
    TimeoutQueueTest& test_;
  };

  // How long after its start an entry passes that waits beside `others`.
  Nanoseconds lateness(Milliseconds delay, const std::vector<Milliseconds>& others) {
    std::vector<std::unique_ptr<Entry>> beside;
    for (const Milliseconds other : others) {
      beside.push_back(std::make_unique<Entry>(*this));
      queue_.start(*beside.back(), other);
    }
    services_.advance(37ms);  // in the midst of a tick
    Entry entry(*this);
    const Nanoseconds began = clock_.monotonic();
    queue_.start(entry, delay);
    for (int i = 0; i < 100'000 && !entry.passed_at; ++i) services_.advance(1ms);
    EXPECT_TRUE(entry.passed_at.has_value());
    return entry.passed_at.value_or(Nanoseconds::max()) - began - delay;
  }

  ManualClock clock_;
  test::FakeServices services_{clock_};
  TimeoutQueue queue_{clock_, services_};
};

TEST_F(TimeoutQueueTest, ShortOnesComeNearlyInTime) {
  for (const Milliseconds delay : {1ms, 25ms, 300ms, 1500ms}) {
    for (const std::vector<Milliseconds>& others :
         {std::vector<Milliseconds>(), {15s}, {15s, 300ms}, {15s, 25ms, 300ms}}) {
      const Nanoseconds late = lateness(delay, others);
      EXPECT_GE(late, 0ns) << delay.count();
      EXPECT_LE(late, std::max<Nanoseconds>(delay / 16, 3ms)) << delay.count();
    }
  }
}

TEST_F(TimeoutQueueTest, LongOnesComeATickLateAtMost) {
  for (const std::vector<Milliseconds>& others :
       {std::vector<Milliseconds>(), {15s}, {25ms, 300ms}}) {
    const Nanoseconds late = lateness(15s, others);
    EXPECT_GE(late, 0ns);
    EXPECT_LE(late, 2 * TimeoutQueue::kTick);
  }
}

TEST_F(TimeoutQueueTest, NothingTicksWhereNothingWaits) {
  {
    Entry entry(*this);
    queue_.start(entry, 300ms);
    EXPECT_EQ(services_.armed_timers(), 1u);
  }
  services_.advance(1s);
  EXPECT_EQ(services_.armed_timers(), 0u);
}

TEST_F(TimeoutQueueTest, OneThatStartsItselfAgainLetsTheOthersPass) {
  Entry again(*this);
  int times = 0;
  again.then = [&] {
    ++times;
    queue_.start(again, 0ms);
  };
  queue_.start(again, 0ms);
  Entry other(*this);
  queue_.start(other, 20ms);
  services_.advance(30ms);
  EXPECT_GT(times, 1);
  EXPECT_TRUE(other.passed_at.has_value());
}

TEST_F(TimeoutQueueTest, OneMayDestroyAnotherThatIsDue) {
  Entry first(*this);
  auto second = std::make_unique<Entry>(*this);
  first.then = [&] { second.reset(); };
  queue_.start(first, 20ms);
  queue_.start(*second, 20ms);
  services_.advance(100ms);
  EXPECT_TRUE(first.passed_at.has_value());
  EXPECT_EQ(second, nullptr);
}

}  // namespace
}  // namespace weir::serve

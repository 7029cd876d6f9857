#include "scenario/manual_loop.h"

#include <gmock/gmock.h>

namespace weir::scenario {
namespace {

using ::testing::ElementsAre;

class ManualLoopTest : public ::testing::Test {
 protected:
  std::unique_ptr<runtime::Timer> timer(const std::string& name) {
    return loop_.make_timer([this, name] { log_.push_back(name + " at " + now()); });
  }
  std::string now() const {
    const auto since = std::chrono::duration_cast<Milliseconds>(clock_.monotonic() - begin_);
    return std::to_string(since.count());
  }

  ManualClock clock_;
  const Nanoseconds begin_ = clock_.monotonic();
  ManualLoop::Hosts hosts_{{"known", {"192.0.2.1:0"}}};
  ManualLoop loop_{clock_, hosts_};
  std::vector<std::string> log_;
};

TEST_F(ManualLoopTest, TimersRunAtTheirTimeAndInTheOrderOfTheirStart) {
  const auto late = timer("late");
  const auto first = timer("first");
  const auto second = timer("second");
  late->start(Milliseconds(20));
  first->start(Milliseconds(10));
  second->start(Milliseconds(10));
  loop_.advance(Milliseconds(9));
  EXPECT_THAT(log_, ElementsAre());
  loop_.advance(Milliseconds(50));
  EXPECT_THAT(log_, ElementsAre("first at 10", "second at 10", "late at 20"));
  EXPECT_EQ(now(), "59");
}

TEST_F(ManualLoopTest, ATimerThatIsStoppedOrDestroyedDoesNotRun) {
  const auto stopped = timer("stopped");
  auto destroyed = timer("destroyed");
  stopped->start(Milliseconds(1));
  destroyed->start(Milliseconds(1));
  stopped->stop();
  destroyed.reset();
  loop_.advance(Milliseconds(5));
  EXPECT_THAT(log_, ElementsAre());
}

TEST_F(ManualLoopTest, StandsStillWhenWhatIsWaitedForHasCome) {
  const auto first = timer("first");
  const auto second = timer("second");
  first->start(Milliseconds(10));
  second->start(Milliseconds(20));
  EXPECT_TRUE(loop_.advance_until(Milliseconds(100), [&] { return !log_.empty(); }));
  EXPECT_EQ(now(), "10");
  EXPECT_FALSE(loop_.advance_until(Milliseconds(5), [&] { return log_.size() == 2; }));
  EXPECT_EQ(now(), "15");
}

// The clock stood still where no timer was left, so that waiting took no time.
TEST_F(ManualLoopTest, WaitsAllTheTimeForWhatNeverComes) {
  const auto only = timer("only");
  only->start(Milliseconds(10));
  EXPECT_FALSE(loop_.advance_until(Milliseconds(100), [] { return false; }));
  EXPECT_EQ(now(), "100");
  EXPECT_FALSE(loop_.advance_until(Milliseconds(100), [] { return false; }));
  EXPECT_EQ(now(), "200");
}

TEST_F(ManualLoopTest, TasksRunLaterAndMayPostMore) {
  loop_.post([&] {
    log_.emplace_back("outer");
    loop_.post([&] { log_.emplace_back("inner"); });
  });
  EXPECT_THAT(log_, ElementsAre());
  loop_.run();
  EXPECT_THAT(log_, ElementsAre("outer", "inner"));
}

TEST_F(ManualLoopTest, NamesAreFoundAmongTheHosts) {
  const auto look_up = [&](const std::string& name) {
    loop_.resolve(name, [this](const std::vector<std::string>& addresses) {
      log_.push_back(addresses.empty() ? "none" : addresses.front());
    });
  };
  look_up("known");
  look_up("unknown");
  EXPECT_THAT(log_, ElementsAre());
  loop_.run();
  EXPECT_THAT(log_, ElementsAre("192.0.2.1:0", "none"));
}

}  // namespace
}  // namespace weir::scenario

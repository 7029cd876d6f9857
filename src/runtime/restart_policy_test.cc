#include "runtime/restart_policy.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

using std::chrono::seconds;

class RestartPolicyTest : public testing::Test {
 protected:
  int starts() {
    int taken = 0;
    while (taken < 100 && policy.take(now)) ++taken;
    return taken;
  }

  RestartPolicy policy{Milliseconds(1000), Milliseconds(10'000)};
  Nanoseconds now = seconds(1'000'000);
};

TEST_F(RestartPolicyTest, ABurstIsFree) { EXPECT_EQ(starts(), 20); }

TEST_F(RestartPolicyTest, BeyondItOneStartIsEarnedInEachPeriod) {
  starts();
  now += Milliseconds(999);
  EXPECT_EQ(starts(), 0);
  now += Milliseconds(1);
  EXPECT_EQ(starts(), 1);
  now += seconds(3);
  EXPECT_EQ(starts(), 3);
}

TEST_F(RestartPolicyTest, NoMoreThanABurstIsSaved) {
  starts();
  now += std::chrono::hours(24);
  EXPECT_EQ(starts(), 20);
}

// Each wait is between half of the delay and all of it.
TEST_F(RestartPolicyTest, FailedStartsDoubleTheDelayUpToTheMaximum) {
  for (int delay : {1000, 2000, 4000, 8000, 10'000, 10'000}) {
    policy.failed(now);
    EXPECT_FALSE(policy.take(now + Milliseconds(delay / 2 - 1))) << delay;
    now += Milliseconds(delay);
    EXPECT_TRUE(policy.take(now)) << delay;
  }
}

TEST_F(RestartPolicyTest, ASuccessForgetsTheDelay) {
  for (int i = 0; i < 5; ++i) policy.failed(now);
  policy.succeeded();
  policy.failed(now);
  now += seconds(1);
  EXPECT_TRUE(policy.take(now));
}

}  // namespace
}  // namespace weir::runtime

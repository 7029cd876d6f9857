#include "planes/serve/loop_services.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

class LoopServicesTest : public ::testing::Test {
 protected:
  boost::asio::io_context io;
  LoopServices services{io};
  int calls = 0;
};

TEST_F(LoopServicesTest, PostsWithoutCallingBack) {
  services.post([&] { ++calls; });
  EXPECT_EQ(calls, 0);
  io.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopServicesTest, TimersExpireOnce) {
  const auto timer = services.make_timer([&] { ++calls; });
  timer->start(Milliseconds(1));
  timer->start(Milliseconds(2));
  io.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopServicesTest, AStoppedTimerDoesNotExpireThoughItsTimeHasCome) {
  const auto timer = services.make_timer([&] { ++calls; });
  timer->start(Milliseconds(0));
  io.poll();  // the expiry may be on its way now
  const int before = calls;
  timer->stop();
  io.restart();
  io.run();
  EXPECT_EQ(calls, before);
}

TEST_F(LoopServicesTest, ATimerMayBeDestroyedByItsOwnCallback) {
  std::unique_ptr<runtime::Timer> timer;
  timer = services.make_timer([&] {
    timer.reset();
    ++calls;
  });
  timer->start(Milliseconds(0));
  io.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(LoopServicesTest, ADestroyedTimerDoesNotExpire) {
  auto timer = services.make_timer([&] { ++calls; });
  timer->start(Milliseconds(0));
  timer.reset();
  io.run();
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace weir::serve

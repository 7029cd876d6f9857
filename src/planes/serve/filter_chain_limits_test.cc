// For how long an exchange waits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

class FilterChainLimitsTest : public ::testing::Test {
 protected:
  // Moves time on in small steps, as it passes.
  void pass(int tenths) {
    for (int i = 0; i < tenths; ++i) world.services.advance(Milliseconds(100));
  }

  ChainWorld world;
  Log& log = world.log;
};

TEST_F(FilterChainLimitsTest, EndsARequestOnWhichNothingMoves) {
  world.limit_idle_time(Milliseconds(1'000));
  world.request(kMore);
  log.take();
  pass(9);
  EXPECT_THAT(log.take(), IsEmpty());
  pass(3);
  EXPECT_THAT(log.take(),
              Contains("client: headers 408 content-length=14 content-type=text/plain"));
  EXPECT_EQ(world.stats.idle_timeouts.value(), 1U);
}

TEST_F(FilterChainLimitsTest, BlamesTheUpstreamOnceTheRequestIsComplete) {
  world.limit_idle_time(Milliseconds(1'000));
  world.request(kEnd);
  pass(12);
  EXPECT_THAT(log.take(),
              Contains("client: headers 504 content-length=14 content-type=text/plain"));
}

TEST_F(FilterChainLimitsTest, BreaksAResponseOffOnWhichNothingMoves) {
  world.limit_idle_time(Milliseconds(1'000));
  world.request(kEnd);
  world.respond(kMore);
  pass(12);
  EXPECT_THAT(log.take(), Contains("client: abort, stream_idle_timeout"));
  EXPECT_EQ(world.stats.resets.value(), 1U);
}

TEST_F(FilterChainLimitsTest, WhateverMovesStartsTheIdleTimeOver) {
  world.limit_idle_time(Milliseconds(1'000));
  world.request(kMore);
  for (int i = 0; i < 5; ++i) {
    pass(8);
    world.exchange().data(body_of("x"), kMore);
  }
  pass(8);
  world.respond(kMore);
  for (int i = 0; i < 5; ++i) {
    pass(8);
    world.response().data(body_of("y"), kMore);
  }
  EXPECT_EQ(world.stats.idle_timeouts.value(), 0U);
  log.take();
  pass(14);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 1U);
}

TEST_F(FilterChainLimitsTest, AnExchangeThatHasEndedWaitsForNothing) {
  world.limit_idle_time(Milliseconds(1'000));
  world.request(kEnd);
  world.respond(kEnd);
  log.take();
  pass(30);
  EXPECT_THAT(log.take(), IsEmpty());
  world.close();
  pass(30);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 0U);
}

}  // namespace
}  // namespace weir::serve::test

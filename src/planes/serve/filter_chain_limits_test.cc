// For how long an exchange waits, and which headers it takes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
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
  world.limits().stream_idle = Milliseconds(1'000);
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
  world.limits().stream_idle = Milliseconds(1'000);
  world.request(kEnd);
  pass(12);
  EXPECT_THAT(log.take(),
              Contains("client: headers 504 content-length=14 content-type=text/plain"));
}

TEST_F(FilterChainLimitsTest, BreaksAResponseOffOnWhichNothingMoves) {
  world.limits().stream_idle = Milliseconds(1'000);
  world.request(kEnd);
  world.respond(kMore);
  pass(12);
  EXPECT_THAT(log.take(), Contains("client: abort, stream_idle_timeout"));
  EXPECT_EQ(world.stats.resets.value(), 1U);
}

TEST_F(FilterChainLimitsTest, WhateverMovesStartsTheIdleTimeOver) {
  world.limits().stream_idle = Milliseconds(1'000);
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
  world.limits().stream_idle = Milliseconds(1'000);
  world.limits().duration = Milliseconds(1'000);
  world.request(kEnd);
  world.respond(kEnd);
  log.take();
  pass(30);
  EXPECT_THAT(log.take(), IsEmpty());
  world.close();
  pass(30);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 0U);
}

TEST(FilterChainRouteLimitTest, ARouteHasAnIdleTimeOfItsOwn) {
  const auto route = [](std::string prefix, Milliseconds idle) {
    return config::Route{
        .match = {.path = {.text = std::move(prefix)}},
        .action = config::Forward{
            .clusters = {{.name = "upstream"}}, .timeout = Milliseconds(0), .idle_timeout = idle}};
  };
  ChainWorld world(16, {.virtual_hosts = {{.name = "all",
                                           .domains = {"*"},
                                           .routes = {route("/never", Milliseconds(0)),
                                                      route("/", Milliseconds(3'000))}}}});
  world.limits().stream_idle = Milliseconds(1'000);
  const auto pass = [&](int tenths) {
    for (int i = 0; i < tenths; ++i) world.services.advance(Milliseconds(100));
  };
  world.request(kEnd);
  pass(29);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 0U);
  pass(4);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 1U);
  world.close();
  world.request(kEnd, {{":path", "/never"}});
  pass(100);
  EXPECT_EQ(world.stats.idle_timeouts.value(), 1U);
}

TEST_F(FilterChainLimitsTest, EndsARequestThatDoesNotEndInTime) {
  world.limits().duration = Milliseconds(1'000);
  world.request(kMore);
  pass(5);
  world.exchange().data(body_of("x"), kMore);
  pass(7);
  EXPECT_THAT(log.take(),
              Contains("client: headers 408 content-length=15 content-type=text/plain"));
  EXPECT_EQ(world.stats.request_timeouts.value(), 1U);
}

TEST_F(FilterChainLimitsTest, ARequestThatHasEndedIsInTime) {
  world.limits().duration = Milliseconds(1'000);
  world.request(kMore);
  world.exchange().data(body_of("x"), kEnd);
  pass(30);
  EXPECT_EQ(world.stats.request_timeouts.value(), 0U);
}

TEST_F(FilterChainLimitsTest, TakesHeadersWithUnderscoresAway) {
  world.limits().underscores = config::RequestLimits::Underscores::Drop;
  world.request(kEnd, {{"x_a", "1"}, {"x-b", "2"}});
  EXPECT_THAT(log.take(), ElementsAre("upstream: headers / x-b=2 end"));
}

TEST_F(FilterChainLimitsTest, RefusesHeadersWithUnderscores) {
  world.add_plugin("a");
  world.limits().underscores = config::RequestLimits::Underscores::Reject;
  world.request(kEnd, {{"x_a", "1"}});
  EXPECT_THAT(log.take(), ElementsAre("client: headers 400 content-length=0 end"));
  EXPECT_EQ(world.stats.underscores.value(), 1U);
}

}  // namespace
}  // namespace weir::serve::test

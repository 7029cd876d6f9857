// METADATA among plugins, and how long an exchange may take.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using abi::HeadersAction;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FilterChainMetadataTest : public ::testing::Test {
 protected:
  ChainWorld world;
  Log& log = world.log;
};

TEST_F(FilterChainMetadataTest, PassesPluginsInTheirOrder) {
  world.add_plugin("a");
  world.add_plugin("b");
  world.request(kMore);
  world.exchange().metadata({{"k", "1"}, {"l", "2"}});
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "b: request headers",
                                      "upstream: headers /", "a: request metadata of 2",
                                      "b: request metadata of 2", "upstream: metadata k=1 l=2"));
  world.respond(kMore);
  log.take();
  world.response().metadata({{"k", "3"}});
  EXPECT_THAT(log.take(), ElementsAre("b: response metadata of 1", "a: response metadata of 1",
                                      "client: metadata k=3"));
}

TEST_F(FilterChainMetadataTest, PassesWithoutPlugins) {
  world.request(kMore);
  world.exchange().metadata({{"k", "1"}});
  world.response().metadata({{"before", "headers"}});
  world.respond(kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("upstream: headers /", "upstream: metadata k=1",
                          "client: metadata before=headers", "client: headers 200 end"));
}

TEST_F(FilterChainMetadataTest, WaitsForHeadersThatAPluginHasStopped) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.answers(kRequest, {HeadersAction::StopAllIterationAndWatermark});
  world.request(kMore);
  world.exchange().metadata({{"k", "1"}});
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("b: request headers", "a: request metadata of 1",
                                      "b: request metadata of 1", "a: request body x end",
                                      "b: request body x end", "upstream: headers /",
                                      "upstream: metadata k=1", "upstream: data x end"));
}

TEST_F(FilterChainMetadataTest, IsSeenByAPluginThatHasStoppedHeadersAlone) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.answers(kRequest, {HeadersAction::StopIteration});
  world.request(kMore);
  world.exchange().metadata({{"k", "1"}});
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "a: request metadata of 1"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("b: request headers", "b: request metadata of 1",
                                      "upstream: headers /", "upstream: metadata k=1"));
}

TEST_F(FilterChainMetadataTest, ComesToResponsesBeforeTheirHeadersToo) {
  auto& a = world.add_plugin("a");
  world.request(kEnd);
  log.take();
  world.response().metadata({{"k", "1"}});
  EXPECT_THAT(log.take(), IsEmpty());  // no plugin has had headers
  a.answers(kResponse, {HeadersAction::StopAllIterationAndWatermark});
  world.respond(kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: response headers end"));
  a.stream().resume(kResponse);
  EXPECT_THAT(log.take(), ElementsAre("a: response metadata of 1", "client: metadata k=1",
                                      "client: headers 200 end"));
}

TEST_F(FilterChainMetadataTest, MayBeAnsweredByAPlugin) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  a.in_metadata = [&](Direction) {
    const HeaderList none;
    a.stream().send_local_response({.status_code = 403, .headers = none, .grpc_status = -1});
  };
  world.request(kMore);
  world.exchange().metadata({{"k", "1"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "upstream: headers /", "a: request metadata of 1",
                          "client: headers 403 content-length=0 end"));
}

TEST_F(FilterChainMetadataTest, EndsAnExchangeThatTakesTooLong) {
  world.limit_duration(Milliseconds(1'000));
  world.request(kEnd);
  world.services.advance(Milliseconds(900));
  log.take();
  world.services.advance(Milliseconds(300));
  EXPECT_THAT(log.take(),
              Contains("client: headers 504 content-length=27 content-type=text/plain"));
  EXPECT_EQ(world.stats.reached_durations.value(), 1U);
}

TEST_F(FilterChainMetadataTest, EndsARequestThatTakesTooLong) {
  world.limit_duration(Milliseconds(1'000));
  world.request(kMore);
  world.services.advance(Milliseconds(1'200));
  EXPECT_THAT(log.take(),
              Contains("client: headers 408 content-length=27 content-type=text/plain"));
}

TEST_F(FilterChainMetadataTest, BreaksAResponseOffThatTakesTooLong) {
  world.limit_duration(Milliseconds(1'000));
  world.request(kEnd);
  world.respond(kMore);
  world.services.advance(Milliseconds(1'200));
  EXPECT_THAT(log.take(), Contains("client: abort, max_duration_timeout"));
  EXPECT_EQ(world.stats.resets.value(), 1U);
}

TEST_F(FilterChainMetadataTest, LetsAnExchangeEndInTime) {
  world.limit_duration(Milliseconds(1'000));
  world.request(kEnd);
  world.respond(kEnd);
  world.close();
  log.take();
  world.services.advance(Milliseconds(1'200));
  EXPECT_THAT(log.take(), IsEmpty());
  EXPECT_EQ(world.stats.reached_durations.value(), 0U);
}

}  // namespace
}  // namespace weir::serve::test

#include "planes/serve/filter_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using abi::DataAction;
using abi::HeadersAction;
using abi::MapType;
using abi::TrailersAction;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FilterChainTest : public ::testing::Test {
 protected:
  ChainWorld world;
  Log& log = world.log;
};

TEST_F(FilterChainTest, PassesMessagesThroughWithoutPlugins) {
  world.request(kMore, {{"content-length", "5"}});
  world.exchange().data(body_of("hello"), kEnd);
  world.respond(kMore, {{"content-length", "3"}});
  world.response().data(body_of("abc"), kMore);
  world.response().trailers({{"t", "1"}});
  EXPECT_THAT(log.take(),
              ElementsAre("upstream: headers / content-length=5", "upstream: data hello end",
                          "client: headers 200 content-length=3", "client: data abc",
                          "client: trailers t=1"));
}

TEST_F(FilterChainTest, AsksPluginsInOrderForRequestsAndInReverseForResponses) {
  world.add_plugin("a");
  world.add_plugin("b");
  world.request(kMore);
  world.exchange().data(body_of("x"), kMore);
  world.exchange().trailers({{"t", "1"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "b: request headers", "upstream: headers /",
                          "a: request body x", "b: request body x", "upstream: data x",
                          "a: request trailers", "b: request trailers", "upstream: trailers t=1"));
  world.respond(kMore);
  world.response().data(body_of("y"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("b: response headers", "a: response headers",
                                      "client: headers 200", "b: response body y end",
                                      "a: response body y end", "client: data y end"));
}

TEST_F(FilterChainTest, SkipsBodyCallbacksNobodyHas) {
  world.add_plugin("a").sees_body = false;
  world.request(kMore, {{"content-length", "1"}});
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "upstream: headers / content-length=1",
                                      "upstream: data x end"));
}

// --- headers ---------------------------------------------------------------------------------

TEST_F(FilterChainTest, StopIterationHoldsHeadersWhileBodyCallbacksGoOn) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {HeadersAction::StopIteration});
  a.answers(kRequest, {DataAction::StopIterationAndBuffer, DataAction::Continue});
  world.request(kMore);
  world.exchange().data(body_of("one"), kMore);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "a: request body one"));
  world.exchange().data(body_of("two"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request body onetwo end", "upstream: headers /",
                                      "upstream: data onetwo end"));
}

TEST_F(FilterChainTest, StopIterationEndsByResume) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {HeadersAction::StopIteration});
  world.request(kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers end"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("upstream: headers / end"));
}

TEST_F(FilterChainTest, StopAllHoldsTheBodyForThePluginItself) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.answers(kRequest, {HeadersAction::StopAllIterationAndBuffer});
  world.request(kMore);
  world.exchange().data(body_of("one"), kMore);
  world.exchange().data(body_of("two"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("b: request headers", "a: request body onetwo end",
                                      "b: request body onetwo end", "upstream: headers /",
                                      "upstream: data onetwo end"));
}

TEST_F(FilterChainTest, StopAllHoldsTrailersToo) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {HeadersAction::StopAllIterationAndWatermark});
  world.request(kEnd);
  world.respond(kMore);
  world.response().trailers({{"t", "1"}});
  log.take();
  a.stream().resume(kResponse);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response trailers", "client: headers 200", "client: trailers t=1"));
}

TEST_F(FilterChainTest, AnswersTooLargeRequestsHeldByStopAllAndBuffer) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  a.answers(kRequest, {HeadersAction::StopAllIterationAndBuffer});
  world.request(kMore);
  world.exchange().data(body_of("sixteen bytes...."), kMore);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers",
                          "client: headers 413 content-length=17 content-type=text/plain",
                          "client: data Payload Too Large end"));
  a.stream().resume(kRequest);
  world.exchange().data(body_of("more"), kEnd);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(FilterChainTest, HoldsTheClientBackWhileStopAllAndWatermarkIsFull) {
  auto& a = world.add_plugin("a");
  a.sees_body = false;
  a.answers(kRequest, {HeadersAction::StopAllIterationAndWatermark});
  world.request(kMore);
  world.exchange().data(body_of("sixteen bytes..."), kMore);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers"));
  world.exchange().data(body_of("x"), kMore);
  EXPECT_THAT(log.take(), ElementsAre("client: pause"));
  world.exchange().data(body_of("y"), kMore);
  EXPECT_THAT(log.take(), IsEmpty());
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("upstream: headers /", "upstream: data sixteen bytes...xy",
                                      "client: resume"));
}

TEST_F(FilterChainTest, ContinueAndEndStreamDropsTheRest) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.answers(kRequest, {HeadersAction::ContinueAndEndStream});
  world.request(kMore, {{"content-length", "5"}});
  world.exchange().data(body_of("hello"), kMore);
  world.exchange().trailers({{"t", "1"}});
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "b: request headers end",
                                      "upstream: headers / end"));
}

// --- bodies ----------------------------------------------------------------------------------

TEST_F(FilterChainTest, ShowsAGrowingBodyWhileItIsBuffered) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {DataAction::StopIterationAndBuffer, DataAction::StopIterationAndBuffer});
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  world.response().data(body_of("one"), kMore);
  world.response().data(body_of("two"), kMore);
  world.response().data(body_of("three"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response body one", "a: response body onetwo",
                          "a: response body onetwothree end", "client: data onetwothree end"));
}

TEST_F(FilterChainTest, ResumePassesABufferedBodyToTheNextPlugin) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.answers(kRequest, {DataAction::StopIterationAndBuffer});
  world.request(kMore);
  world.exchange().data(body_of("one"), kEnd);
  log.take();
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("b: request body one end", "upstream: data one end"));
}

TEST_F(FilterChainTest, ResumeOfARunningStreamHasNoEffect) {
  auto& a = world.add_plugin("a");
  world.request(kMore);
  log.take();
  a.stream().resume(kRequest);
  a.stream().resume(kResponse);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(FilterChainTest, AnswersTooLargeResponsesWith500BeforeTheirHeadersLeft) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {HeadersAction::StopIteration});
  a.answers(kResponse, {DataAction::StopIterationAndBuffer});
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  world.response().data(body_of("more than sixteen bytes"), kMore);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response body more than sixteen bytes",
                          "client: headers 500 content-length=21 content-type=text/plain",
                          "client: data Internal Server Error end"));
}

TEST_F(FilterChainTest, ResetsTooLargeResponsesThatHaveBegun) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {DataAction::StopIterationAndBuffer});
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  world.response().data(body_of("more than sixteen bytes"), kMore);
  EXPECT_THAT(log.take(), ElementsAre("a: response body more than sixteen bytes",
                                      "client: abort, response_payload_too_large"));
  EXPECT_EQ(world.stats.resets.value(), 1u);
}

TEST_F(FilterChainTest, HoldsTheUpstreamBackWhileStopIterationAndWatermarkIsFull) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse,
            {DataAction::StopIterationAndWatermark, DataAction::StopIterationAndWatermark});
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  world.response().data(body_of("more than sixteen bytes"), kMore);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response body more than sixteen bytes", "upstream: pause"));
  a.stream().resume(kResponse);
  EXPECT_THAT(log.take(), ElementsAre("client: data more than sixteen bytes", "upstream: resume"));
}

TEST_F(FilterChainTest, StopIterationNoBufferDropsWhatItWasShown) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {DataAction::StopIterationNoBuffer, DataAction::StopIterationNoBuffer});
  world.request(kMore);
  world.exchange().data(body_of("one"), kMore);
  world.exchange().data(body_of("two"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "upstream: headers /",
                                      "a: request body one", "a: request body two end"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("upstream: data  end"));
}

TEST_F(FilterChainTest, PassesOnWhatAPluginMadeOfTheBody) {
  auto& a = world.add_plugin("a");
  a.in_body = [&](Direction d) { EXPECT_TRUE(a.stream().body(d)->replace(0, 1, as_bytes("J"))); };
  world.request(kMore);
  world.exchange().data(body_of("hello"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "upstream: headers /",
                                      "a: request body hello end", "upstream: data Jello end"));
}

TEST_F(FilterChainTest, RefusesABodyThatGrowsWithoutMeasure) {
  auto& a = world.add_plugin("a");
  a.in_body = [&](Direction d) {
    EXPECT_FALSE(a.stream().body(d)->replace(0, 5, as_bytes(std::string(1000, 'x'))));
  };
  world.request(kMore);
  world.exchange().data(body_of("hello"), kEnd);
  EXPECT_THAT(log.take(), ::testing::Contains("upstream: data hello end"));
}

TEST_F(FilterChainTest, ShowsBodiesOnlyInCallbacksAndWhilePaused) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {DataAction::StopIterationAndBuffer});
  world.request(kMore);
  EXPECT_EQ(a.stream().body(kRequest), nullptr);
  world.exchange().data(body_of("one"), kEnd);
  ASSERT_NE(a.stream().body(kRequest), nullptr);
  EXPECT_EQ(text_of(*a.stream().body(kRequest)), "one");
  a.stream().resume(kRequest);
  EXPECT_EQ(a.stream().body(kRequest), nullptr);
  EXPECT_EQ(a.stream().body(kResponse), nullptr);
}

// --- trailers --------------------------------------------------------------------------------

TEST_F(FilterChainTest, StopIterationHoldsTrailersUntilResume) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {TrailersAction::StopIteration});
  world.request(kMore);
  world.exchange().trailers({{"t", "1"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "upstream: headers /", "a: request trailers"));
  a.stream().resume(kRequest);
  EXPECT_THAT(log.take(), ElementsAre("upstream: trailers t=1"));
}

TEST_F(FilterChainTest, ContinueForTrailersReleasesABufferedBody) {
  auto& a = world.add_plugin("a");
  a.answers(kRequest, {DataAction::StopIterationAndBuffer});
  world.request(kMore);
  world.exchange().data(body_of("one"), kMore);
  log.take();
  world.exchange().trailers({{"t", "1"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request trailers", "upstream: data one", "upstream: trailers t=1"));
}

TEST_F(FilterChainTest, TrailersAddedInTheLastBodyCallbackMoveTheEnd) {
  world.add_plugin("a");
  auto& b = world.add_plugin("b");
  world.add_plugin("c");
  b.in_body = [&](Direction d) {
    if (d == kRequest) {
      EXPECT_TRUE(b.stream().header_map(MapType::RequestTrailers)->add("sum", "42"));
    }
  };
  world.request(kMore);
  log.take();
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request body x end", "b: request body x end", "c: request body x",
                          "upstream: data x", "c: request trailers", "upstream: trailers sum=42"));
}

TEST_F(FilterChainTest, TrailersMayBeAddedWhileTheEndIsHeld) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {DataAction::StopIterationAndBuffer});
  world.request(kEnd);
  world.respond(kMore);
  world.response().data(body_of("x"), kEnd);
  log.take();
  EXPECT_TRUE(a.stream().header_map(MapType::ResponseTrailers)->add("sum", "42"));
  a.stream().resume(kResponse);
  EXPECT_THAT(log.take(), ElementsAre("client: data x", "client: trailers sum=42"));
}

TEST_F(FilterChainTest, OffersHeaderMapsOnceTheyHaveCome) {
  auto& a = world.add_plugin("a");
  auto has = [&](MapType type) { return a.stream().header_map(type) != nullptr; };
  world.make();
  EXPECT_FALSE(has(MapType::RequestHeaders));
  world.client.exchange->headers({{":method", "GET"}, {":path", "/"}, {":authority", "a"}}, kMore);
  EXPECT_TRUE(has(MapType::RequestHeaders));
  EXPECT_FALSE(has(MapType::RequestTrailers));
  EXPECT_FALSE(has(MapType::ResponseHeaders));
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_TRUE(has(MapType::RequestTrailers));
  world.respond(kMore);
  EXPECT_TRUE(has(MapType::ResponseHeaders));
  EXPECT_FALSE(has(MapType::ResponseTrailers));
  EXPECT_FALSE(has(MapType::GrpcInitialMetadata));
  a.in_finish = [&] { return has(MapType::RequestHeaders) && has(MapType::ResponseHeaders); };
  world.response().trailers({{"t", "1"}});
  EXPECT_TRUE(has(MapType::ResponseTrailers));
  log.take();
  world.close();
  EXPECT_THAT(log.take(), ElementsAre("a: finished", "upstream: gone"));
}

// --- the length of bodies --------------------------------------------------------------------

TEST_F(FilterChainTest, CorrectsTheLengthOfASmallBodyThatAPluginChanged) {
  auto& a = world.add_plugin("a");
  a.in_body = [&](Direction d) { EXPECT_TRUE(a.stream().body(d)->replace(0, 0, as_bytes("-"))); };
  world.request(kMore, {{"content-length", "6"}});
  world.exchange().data(body_of("one"), kMore);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "a: request body one"));
  world.exchange().data(body_of("two"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request body two end", "upstream: headers / content-length=8",
                          "upstream: data -one-two end"));
}

TEST_F(FilterChainTest, LeavesTheLengthOutWhereASmallBodyGrowsLarge) {
  auto& a = world.add_plugin("a");
  // 16 times the limit of 16 bytes is what a plugin may hold: it grows the body piece by piece.
  a.in_body = [&](Direction d) {
    EXPECT_TRUE(a.stream().body(d)->replace(0, 1, as_bytes(std::string(250, 'x'))));
  };
  world.request(kMore, {{"content-length", "1000"}});
  for (int i = 0; i < 270; ++i) world.exchange().data(body_of("."), kMore);
  EXPECT_THAT(log.take(), ::testing::Contains("upstream: headers /"));
}

TEST_F(FilterChainTest, KeepsTheLengthOfALargeBodyThatAPluginOnlyLooksAt) {
  world.add_plugin("a");
  world.request(kMore, {{"content-length", "100000"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "upstream: headers / content-length=100000"));
  world.exchange().data(body_of(std::string(100'000, 'x')), kEnd);
  EXPECT_EQ(log.take().size(), 2u);
}

TEST_F(FilterChainTest, BreaksAMessageOffWhoseLengthHasBecomeWrong) {
  auto& a = world.add_plugin("a");
  world.request(kEnd);
  world.respond(kMore, {{"content-length", "100000"}});
  world.response().data(body_of(std::string(99'999, 'x')), kMore);
  log.take();
  a.in_body = [&](Direction d) {
    EXPECT_TRUE(a.stream().body(d)->replace(0, 1, as_bytes("more")));
  };
  world.response().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response body x end",
                          "client: abort, a plugin changed a body whose content-length had gone "
                          "out"));
}

TEST_F(FilterChainTest, AsksForTheBodyOfAClientThatWaitsToSendIt) {
  world.add_plugin("a");
  world.request(kMore, {{"content-length", "5"}, {"expect", "100-continue"}});
  EXPECT_THAT(log.take(), ElementsAre("client: interim 100", "a: request headers"));
  world.exchange().data(body_of("hello"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request body hello end", "upstream: headers / content-length=5",
                          "upstream: data hello end"));
}

TEST_F(FilterChainTest, CorrectsTheLengthOfABodyThatWasHeldWhole) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {HeadersAction::StopIteration});
  a.answers(kResponse, {DataAction::StopIterationAndBuffer});
  world.request(kEnd);
  world.respond(kMore, {{"content-length", "6"}});
  world.response().data(body_of("one"), kMore);
  a.in_body = [&](Direction d) {
    EXPECT_TRUE(a.stream().body(d)->replace(0, 0, as_bytes("zero")));
  };
  log.take();
  world.response().data(body_of("two"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: response body onetwo end", "client: headers 200 content-length=10",
                          "client: data zeroonetwo end"));
}

TEST_F(FilterChainTest, DropsALengthThatAPluginMadeUp) {
  auto& a = world.add_plugin("a");
  a.sees_body = false;
  a.in_headers = [&](Direction d) {
    const MapType type = d == kRequest ? MapType::RequestHeaders : MapType::ResponseHeaders;
    EXPECT_TRUE(a.stream().header_map(type)->replace("content-length", "77"));
  };
  world.request(kEnd);
  world.respond(kMore, {{"content-length", "6"}});
  EXPECT_THAT(log.take(), ElementsAre("a: request headers end", "upstream: headers / end",
                                      "a: response headers", "client: headers 200"));
}

TEST_F(FilterChainTest, KeepsTheLengthInAResponseToHead) {
  world.add_plugin("a");
  world.request(kEnd, {{":method", "HEAD"}});
  world.respond(kEnd, {{"content-length", "6"}});
  EXPECT_THAT(log.take(), ::testing::Contains("client: headers 200 content-length=6 end"));
}

// --- back-pressure ---------------------------------------------------------------------------

TEST_F(FilterChainTest, HandsBackPressureThrough) {
  world.request(kMore);
  log.take();
  world.cluster().request().pause();
  EXPECT_THAT(log.take(), ElementsAre("client: pause"));
  world.cluster().request().pause();
  world.cluster().request().resume();
  EXPECT_THAT(log.take(), IsEmpty());
  world.cluster().request().resume();
  EXPECT_THAT(log.take(), ElementsAre("client: resume"));
  world.exchange().pause();
  EXPECT_THAT(log.take(), ElementsAre("upstream: pause"));
  world.exchange().resume();
  EXPECT_THAT(log.take(), ElementsAre("upstream: resume"));
}

TEST_F(FilterChainTest, LetsARequestFlowAgainWhenItIsOfNoMoreUse) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  world.request(kMore);
  world.cluster().request().pause();
  log.take();
  a.stream().send_local_response({.status_code = 401, .headers = HeaderList(), .grpc_status = -1});
  EXPECT_THAT(log.take(),
              ElementsAre("client: headers 401 content-length=0 end", "client: resume"));
}

TEST_F(FilterChainTest, PassesInterimResponsesOn) {
  world.add_plugin("a");
  world.request(kMore);
  log.take();
  world.response().interim_headers({{":status", "103"}});
  EXPECT_THAT(log.take(), ElementsAre("client: interim 103"));
}

}  // namespace
}  // namespace weir::serve::test

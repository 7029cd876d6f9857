#include "planes/serve/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::testing {
namespace {

using runtime::Attribute;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr EndOfStream kEnd = EndOfStream::Yes;
constexpr EndOfStream kMore = EndOfStream::No;

class RouterTest : public ::testing::Test {
 protected:
  ChainWorld world;
  Log& log = world.log;
};

TEST_F(RouterTest, ChoosesTheClusterByThePathThatPluginsLeft) {
  auto& a = world.add_plugin("a");
  a.in_headers = [&](Direction) {
    EXPECT_TRUE(a.stream().header_map(abi::MapType::RequestHeaders)->replace(":path", "/other/x"));
  };
  world.request(kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers end", "other: headers /other/x end"));
}

TEST_F(RouterTest, Answers404WhereNoRouteMatches) {
  world.request(kEnd, {{":path", "no-slash"}});
  EXPECT_THAT(log.take(), ElementsAre("client: headers 404 content-length=0 end"));
}

TEST_F(RouterTest, Answers503WhereAPluginRemovedThePath) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  a.in_headers = [&](Direction d) {
    if (d == Direction::Request) {
      a.stream().header_map(abi::MapType::RequestHeaders)->remove(":path");
    }
  };
  world.request(kEnd);
  EXPECT_THAT(log.take(),
              Contains("client: headers 503 content-length=23 content-type=text/plain"));
}

TEST_F(RouterTest, AsksForHttp2ForGrpc) {
  world.request(kMore, {{"content-type", "application/grpc"}});
  EXPECT_THAT(log.take(), Contains("upstream: needs HTTP/2"));
  world.close();
  world.request(kMore, {{"content-type", "application/grpc-web"}});
  EXPECT_THAT(log.take(), Not(Contains("upstream: needs HTTP/2")));
}

TEST_F(RouterTest, Answers503WhereTheUpstreamCannotBeReached) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  world.request(kEnd);
  log.take();
  world.cluster().connected = false;
  world.response().abort("connection refused");
  EXPECT_THAT(log.take(),
              ElementsAre("client: headers 503 content-length=91 content-type=text/plain",
                          "client: data upstream connect error or disconnect/reset before headers. "
                          "reset reason: connection refused end"));
  EXPECT_EQ(std::get<int64_t>(a.stream().attribute(Attribute::ResponseFlags)), 0x20);
}

TEST_F(RouterTest, BreaksTheResponseOffWhereTheUpstreamDoes) {
  world.request(kEnd);
  world.respond(kMore);
  world.response().data(body_of("half"), kMore);
  log.take();
  world.response().abort("reset by peer");
  EXPECT_THAT(log.take(), ElementsAre("client: abort, upstream_reset_after_response_started{reset "
                                      "by peer}"));
}

TEST_F(RouterTest, AnswersLateUpstreamsWith504) {
  world.request(kMore);
  world.services.advance(Milliseconds(20'000));
  log.take();
  // The time runs from the end of the request.
  world.exchange().data(body_of("x"), kEnd);
  world.services.advance(Milliseconds(14'900));
  EXPECT_THAT(log.take(), ElementsAre("upstream: data x end"));
  world.services.advance(Milliseconds(400));
  EXPECT_THAT(log.take(),
              ElementsAre("client: headers 504 content-length=24 content-type=text/plain",
                          "client: data upstream request timeout end"));
  EXPECT_EQ(world.router_stats[0].timeouts.value(), 1u);
}

TEST_F(RouterTest, ForgetsTheTimeOutWhenTheResponseHasEnded) {
  world.request(kEnd);
  world.respond(kEnd);
  log.take();
  world.services.advance(Milliseconds(20'000));
  EXPECT_THAT(log.take(), IsEmpty());
  EXPECT_EQ(world.router_stats[0].timeouts.value(), 0u);
}

TEST_F(RouterTest, CountsResponsesByCluster) {
  world.request(kEnd);
  world.respond(kEnd, {{":status", "404"}});
  EXPECT_EQ(world.router_stats[0].responses_by_class[3].value(), 1u);
  EXPECT_EQ(world.router_stats[1].responses_by_class[3].value(), 0u);
  EXPECT_EQ(world.stats.responses_by_class[3].value(), 1u);
}

}  // namespace
}  // namespace weir::serve::testing

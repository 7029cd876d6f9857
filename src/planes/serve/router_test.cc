#include "planes/serve/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using runtime::Attribute;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

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

TEST_F(RouterTest, LetsNoClientChooseTheUpstreamsProtocol) {
  world.request(kMore, {{"content-type", "application/grpc"}});
  const auto events = log.take();
  EXPECT_THAT(events, Contains(HasSubstr("headers")));
  EXPECT_THAT(events, Not(Contains("upstream: needs HTTP/2")));
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
                          "reset reason: connection failure end"));
  EXPECT_EQ(std::get<std::string_view>(a.stream().attribute(Attribute::ResponseCodeDetails)),
            "upstream_reset_before_response_started{connection refused}");
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

// One route that retries, or answers itself.
config::RouteConfiguration only(config::Route route) {
  route.match.path.text = "/";
  return {.virtual_hosts = {{.name = "all", .domains = {"*"}, .routes = {std::move(route)}}}};
}

config::RouteConfiguration retrying(config::RetryPolicy policy) {
  policy.base_interval = policy.max_interval = Milliseconds(100);
  config::Forward forward{.clusters = {{.name = "upstream"}}, .retry = std::move(policy)};
  return only({.action = std::move(forward)});
}

using Retry = config::RetryPolicy;

class RetryTest : public ::testing::Test {
 protected:
  void start(Retry policy) { world_.emplace(16, retrying(std::move(policy))); }
  ChainWorld& world() { return *world_; }
  std::vector<std::string> log() { return world_->log.take(); }
  void pause() { world_->services.advance(Milliseconds(101)); }

 private:
  std::optional<ChainWorld> world_;
};

TEST_F(RetryTest, SendsTheWholeRequestAgain) {
  start({.conditions = Retry::Status5xx});
  world().request(kMore);
  world().exchange().data(body_of("one"), kMore);
  world().exchange().data(body_of("two"), kMore);
  world().exchange().trailers({{"t", "1"}});
  log();
  world().respond(kMore, {{":status", "500"}});
  world().response().data(body_of("not this"), kEnd);
  EXPECT_THAT(log(), ElementsAre("upstream: abort, tried again"));
  pause();
  EXPECT_THAT(
      log(), ElementsAre("upstream: headers /", "upstream: data onetwo", "upstream: trailers t=1"));
  world().respond(kEnd);
  EXPECT_THAT(log(), Contains("client: headers 200 end"));
  EXPECT_EQ(world().router_stats[0].retries.value(), 1u);
}

TEST_F(RetryTest, PassesTheLastTrysResponse) {
  start({.conditions = Retry::Status5xx, .retries = 2});
  world().request(kEnd);
  for (int i = 0; i < 2; ++i) {
    world().respond(kEnd, {{":status", "503"}});
    pause();
  }
  log();
  world().respond(kEnd, {{":status", "503"}});
  EXPECT_THAT(log(), Contains("client: headers 503 end"));
  EXPECT_EQ(world().router_stats[0].exhausted_retries.value(), 1u);
}

TEST_F(RetryTest, RetriesWhatThePolicyNames) {
  start({.conditions = Retry::ConnectFailure | Retry::RetriableStatusCodes,
         .retries = 9,
         .status_codes = {418}});
  world().request(kEnd);
  world().cluster().connected = false;
  world().response().abort("refused");
  pause();
  EXPECT_EQ(world().router_stats[0].retries.value(), 1u);
  world().cluster().connected = true;
  world().respond(kEnd, {{":status", "418"}});
  pause();
  EXPECT_EQ(world().router_stats[0].retries.value(), 2u);
  log();
  // A connection that breaks is no failure to connect.
  world().response().abort("reset");
  EXPECT_THAT(log(), Contains("client: headers 503 content-length=95 content-type=text/plain"));
}

TEST_F(RetryTest, SendsOnceWhatIsTooLargeOrNotComplete) {
  start({.conditions = Retry::Status5xx});
  world().request(kMore);
  world().exchange().data(body_of("more than sixteen bytes"), kEnd);
  world().respond(kEnd, {{":status", "500"}});
  EXPECT_THAT(log(), Contains("client: headers 500 end"));
  world().close();
  world().request(kMore);
  world().respond(kEnd, {{":status", "500"}});
  EXPECT_THAT(log(), Contains("client: headers 500 end"));
  EXPECT_EQ(world().router_stats[0].retries.value(), 0u);
}

TEST_F(RetryTest, BoundsEachTry) {
  start({.conditions = Retry::Reset, .per_try_timeout = Milliseconds(1000)});
  world().request(kEnd);
  world().services.advance(Milliseconds(1101));
  EXPECT_EQ(world().router_stats[0].retries.value(), 1u);
  pause();
  log();
  world().services.advance(Milliseconds(1101));
  EXPECT_THAT(log(), Contains("client: headers 504 content-length=24 content-type=text/plain"));
  EXPECT_EQ(world().router_stats[0].per_try_timeouts.value(), 2u);
}

TEST_F(RetryTest, ForgetsTheRetryWhenTheClientHasGone) {
  start({.conditions = Retry::Status5xx});
  world().request(kEnd);
  world().respond(kEnd, {{":status", "500"}});
  world().close();
  log();
  pause();
  EXPECT_THAT(log(), IsEmpty());
}

TEST(RouteAnswerTest, AnswersAsTheRouteSays) {
  config::Route direct{.action = config::DirectResponse{.status = 403, .body = "no"}};
  direct.edits.response.add = {{.name = "x", .value = "y"}};
  ChainWorld world(16, only(direct));
  world.request(kEnd);
  EXPECT_THAT(world.log.take(),
              ElementsAre("client: headers 403 x=y content-length=2 content-type=text/plain",
                          "client: data no end"));
  ChainWorld moved(16, only({.action = config::Redirect{.status = 302, .host = "new"}}));
  moved.request(kEnd);
  EXPECT_THAT(moved.log.take(),
              ElementsAre("client: headers 302 location=http://new/ content-length=0 end"));
}

TEST(RouteAnswerTest, AnswersWhereAHeaderNamesNoCluster) {
  ChainWorld world(
      16,
      only({.action = config::Forward{.cluster_header = "x-to", .unknown_cluster_status = 404}}));
  world.request(kEnd);
  EXPECT_THAT(world.log.take(), ElementsAre("client: headers 404 content-length=0 end"));
}

TEST(RouteAnswerTest, EditsResponsesBeforePluginsSeeThem) {
  config::Route route{.action = config::Forward{.clusters = {{.name = "upstream"}}}};
  route.edits.response.add = {{.name = "x", .value = "y"}};
  ChainWorld world(16, only(route));
  auto& a = world.add_plugin("a");
  a.in_headers = [&](Direction d) {
    if (d == Direction::Response) {
      EXPECT_EQ(a.stream().header_map(abi::MapType::ResponseHeaders)->find("x"), "y");
    }
  };
  world.request(kEnd);
  world.respond(kEnd);
}

TEST(RouteAnswerTest, EditsTheProxysOwnAnswersOfRoutesThatForward) {
  config::Route route{.action = config::Forward{.clusters = {{.name = "upstream"}}}};
  route.edits.response.add = {{.name = "x", .value = "y"}};
  ChainWorld world(16, only(route));
  world.request(kEnd);
  world.response().abort("gone");
  EXPECT_THAT(world.log.take(), Contains(StartsWith("client: headers 503 x=y ")));
}

TEST(RouteAnswerTest, EditsWhatPluginsAnswerForRoutesThatForward) {
  config::Route route{.action = config::Forward{.clusters = {{.name = "upstream"}}}};
  route.edits.response.add = {{.name = "x", .value = "y"}};
  ChainWorld world(16, only(route));
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  a.in_headers = [&](Direction) {
    a.stream().send_local_response({.status_code = 403,
                                    .details = "by_test",
                                    .body = "",
                                    .headers = HeaderList{{"x-why", "test"}},
                                    .grpc_status = -1});
  };
  world.request(kEnd);
  EXPECT_THAT(world.log.take(), Contains(StartsWith("client: headers 403 x-why=test x=y ")));
}

TEST(RouteAnswerTest, DatesResponsesThatHaveNone) {
  const config::HttpIdentity identity{
      .generate_request_id = false,
      .server_header = config::HttpIdentity::ServerHeader::PassThrough};
  config::Route route{.action = config::Forward{.clusters = {{.name = "upstream"}}}};
  ChainWorld world(16, only(route));
  world.identify(identity);
  const auto answer = [&](std::initializer_list<std::pair<std::string_view, std::string_view>> h) {
    world.request(kEnd);
    world.log.take();
    world.respond(kEnd, h);
    const auto events = world.log.take();
    world.close();
    return events;
  };
  EXPECT_THAT(answer({}), ElementsAre(HasSubstr("date=Tue, 14 Nov 2023 22:13:20 GMT")));
  EXPECT_THAT(answer({{"date", "then"}}),
              ElementsAre(AllOf(HasSubstr("date=then"), Not(HasSubstr("2023")))));
}

}  // namespace
}  // namespace weir::serve::test

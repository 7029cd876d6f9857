// Local replies, resets, failures and the end of exchanges.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"
#include "planes/serve/exchange_attributes.h"

namespace weir::serve::test {
namespace {

using abi::DataAction;
using abi::HeadersAction;
using abi::MapType;
using runtime::Attribute;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FilterChainReplyTest : public ::testing::Test {
 protected:
  // What `plugin` sends in its callback for headers of that direction.
  void replies_in_headers(FakePlugin& plugin, Direction where, uint32_t status,
                          std::string body = "") {
    plugin.in_headers = [&plugin, where, status, body](Direction d) {
      if (d != where) return;
      const HeaderList headers{{"x-why", "test"}};
      plugin.stream().send_local_response({.status_code = status,
                                           .details = "by_test",
                                           .body = body,
                                           .headers = headers,
                                           .grpc_status = -1});
    };
  }

  ChainWorld world;
  Log& log = world.log;
};

TEST_F(FilterChainReplyTest, AReplyToARequestPassesTheResponseCallbacksOfAllPlugins) {
  world.add_plugin("a");
  replies_in_headers(world.add_plugin("b"), kRequest, 403, "no");
  world.add_plugin("c");
  world.request(kMore);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "b: request headers", "c: response headers",
                          "b: response headers", "a: response headers", "c: response body no end",
                          "b: response body no end", "a: response body no end",
                          "client: headers 403 x-why=test content-length=2 content-type=text/plain",
                          "client: data no end"));
  // What the plugin answered was Continue; the request stops all the same.
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(), IsEmpty());
  EXPECT_EQ(world.stats.local_replies.value(), 1u);
  EXPECT_EQ(world.stats.responses_by_class[3].value(), 1u);
}

TEST_F(FilterChainReplyTest, PluginsMayChangeAReply) {
  auto& a = world.add_plugin("a");
  a.in_headers = [&](Direction d) {
    if (d == kResponse) {
      EXPECT_TRUE(a.stream().header_map(MapType::ResponseHeaders)->add("x-seen", "a"));
    }
  };
  replies_in_headers(world.add_plugin("b"), kRequest, 429);
  world.request(kEnd);
  EXPECT_THAT(log.take(),
              ::testing::Contains("client: headers 429 x-why=test content-length=0 x-seen=a end"));
}

TEST_F(FilterChainReplyTest, AReplyInAResponseCallbackGoesStraightToTheClient) {
  world.add_plugin("a");
  replies_in_headers(world.add_plugin("b"), kResponse, 502, "bad");
  world.request(kEnd);
  log.take();
  world.respond(kMore);
  world.response().data(body_of("ignored"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("b: response headers",
                          "client: headers 502 x-why=test content-length=3 content-type=text/plain",
                          "client: data bad end"));
}

TEST_F(FilterChainReplyTest, AReplyTakesThePlaceOfAResponseThatWaitsForItsBody) {
  auto& a = world.add_plugin("a");
  a.answers(kResponse, {DataAction::Continue});
  world.request(kEnd);
  world.respond(kMore, {{"content-length", "10"}});
  world.response().data(body_of("0123"), kMore);
  log.take();
  world.response().abort("reset");
  const auto lines = log.take();
  EXPECT_EQ(std::ranges::count_if(
                lines, [](const auto& line) { return line.starts_with("client: headers"); }),
            1);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_TRUE(lines[lines.size() - 2].starts_with("client: headers 503"));
  EXPECT_EQ(lines.back().find("0123"), std::string::npos);
}

TEST_F(FilterChainReplyTest, AResponseWithoutAStatusIsAnsweredFor) {
  for (const char* status : {"", "101", "abc", "0200"}) {
    ChainWorld each;
    auto& a = each.add_plugin("a");
    a.in_headers = [&](Direction d) {
      if (d != kResponse) return;
      auto* headers = a.stream().header_map(MapType::ResponseHeaders);
      *status == 0 ? headers->remove(":status")
                   : static_cast<void>(headers->replace(":status", status));
    };
    each.request(kEnd);
    each.respond(kEnd);
    EXPECT_THAT(each.log.take(), ::testing::Contains("client: headers 502 content-length=23 "
                                                     "content-type=text/plain"))
        << status;
  }
}

TEST_F(FilterChainReplyTest, AReplyInTheReplysOwnCallbackTakesItsPlace) {
  auto& a = world.add_plugin("a");
  replies_in_headers(a, kResponse, 418);
  replies_in_headers(world.add_plugin("b"), kRequest, 403, "no");
  world.request(kEnd);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers end", "b: request headers end",
                                      "b: response headers", "a: response headers",
                                      "client: headers 418 x-why=test content-length=0 end"));
}

TEST_F(FilterChainReplyTest, OnlyTheFirstReplyCounts) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  std::vector<bool> accepted;
  a.in_headers = [&](Direction d) {
    if (d == kResponse) return;
    for (uint32_t status : {401u, 402u}) {
      accepted.push_back(a.stream().send_local_response(
          {.status_code = status, .headers = HeaderList(), .grpc_status = -1}));
    }
  };
  world.request(kEnd);
  EXPECT_THAT(accepted, ElementsAre(true, false));
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers end", "client: headers 401 content-length=0 end"));
}

TEST_F(FilterChainReplyTest, AReplyAfterResponseHeadersBreaksTheResponseOff) {
  auto& a = world.add_plugin("a");
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  EXPECT_FALSE(a.stream().send_local_response(
      {.status_code = 500, .headers = HeaderList(), .grpc_status = -1}));
  EXPECT_THAT(log.take(), ElementsAre("client: abort, a plugin answered behind the headers"));
}

TEST_F(FilterChainReplyTest, AReplyWhileTheRequestIsHeldEndsTheUpstreamRequest) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  a.answers(kRequest, {DataAction::StopIterationAndBuffer});
  world.request(kMore);
  world.exchange().data(body_of("x"), kMore);
  log.take();
  EXPECT_TRUE(a.stream().send_local_response(
      {.status_code = 403, .headers = HeaderList(), .grpc_status = -1}));
  world.services.run_posted();
  EXPECT_THAT(log.take(),
              ElementsAre("client: headers 403 content-length=0 end", "upstream: gone"));
}

TEST_F(FilterChainReplyTest, TellsGrpcClientsInTheirOwnWay) {
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  replies_in_headers(a, kRequest, 403, "not\nyou %");
  world.request(kMore, {{"content-type", "application/grpc+proto"}});
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers",
                          "client: headers 200 x-why=test content-type=application/grpc "
                          "grpc-status=7 grpc-message=not%0Ayou %25 end"));
}

// --- resets and failures ---------------------------------------------------------------------

TEST_F(FilterChainReplyTest, ResetBreaksBothSidesOff) {
  auto& a = world.add_plugin("a");
  world.request(kMore);
  log.take();
  a.stream().reset();
  world.services.run_posted();
  EXPECT_THAT(log.take(), ElementsAre("client: abort, closed by a plugin", "upstream: gone"));
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(FilterChainReplyTest, ResetInACallbackWaitsForItsEnd) {
  auto& a = world.add_plugin("a");
  world.add_plugin("b");
  a.in_headers = [&](Direction) {
    a.stream().reset();
    log.add("a: still in its callback");
  };
  world.request(kMore);
  EXPECT_THAT(log.take(), ElementsAre("a: request headers", "a: still in its callback",
                                      "client: abort, closed by a plugin"));
}

TEST_F(FilterChainReplyTest, AFailedPluginIsAnsweredFor) {
  world.add_plugin("a");
  auto& b = world.add_plugin("b");
  b.in_headers = [&](Direction) { b.stream().fail("plugin 'b': unreachable"); };
  world.request(kMore);
  // It is not called again.
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers", "b: request headers", "a: response headers end",
                          "client: headers 503 content-length=0 end"));
}

TEST_F(FilterChainReplyTest, AFailureInTheMidstOfTheResponseResets) {
  auto& a = world.add_plugin("a");
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  a.stream().fail("plugin 'a': unreachable");
  EXPECT_THAT(log.take(), ElementsAre("client: abort, plugin 'a': unreachable"));
}

TEST_F(FilterChainReplyTest, WhatAPluginAsksInACallbackHappensAfterIt) {
  auto& a = world.add_plugin("a");
  auto& b = world.add_plugin("b");
  a.answers(kRequest, {HeadersAction::StopIteration});
  world.request(kMore);
  // A plugin lets another one go on: from inside a callback of this same exchange.
  b.in_headers = [&](Direction) {};
  a.in_body = [&](Direction) {
    a.stream().resume(kRequest);
    log.add("a: still in its callback");
  };
  a.answers(kRequest, {DataAction::StopIterationAndBuffer});
  log.take();
  world.exchange().data(body_of("x"), kEnd);
  EXPECT_THAT(log.take(),
              ElementsAre("a: request body x end", "a: still in its callback", "b: request headers",
                          "b: request body x end", "upstream: headers /", "upstream: data x end"));
}

// --- the end ---------------------------------------------------------------------------------

TEST_F(FilterChainReplyTest, FinishesPluginsInOrderWhenTheClientHasClosed) {
  world.add_plugin("a");
  world.add_plugin("b");
  world.request(kEnd);
  world.respond(kEnd);
  log.take();
  world.close();
  EXPECT_THAT(log.take(), ElementsAre("a: finished", "b: finished", "upstream: gone"));
  EXPECT_EQ(world.open_exchanges(), 0u);
}

TEST_F(FilterChainReplyTest, StaysUntilTheLastPluginHasFinished) {
  auto& a = world.add_plugin("a");
  a.in_finish = [] { return false; };
  world.request(kEnd);
  world.respond(kEnd);
  world.close();
  EXPECT_EQ(world.open_exchanges(), 1u);
  // The client's connection may be gone.
  EXPECT_EQ(std::get<std::string_view>(a.stream().attribute(Attribute::SourceAddress)),
            "10.0.0.1:4000");
  a.stream().finished();
  EXPECT_EQ(world.open_exchanges(), 0u);
  EXPECT_TRUE(a.has_context());  // it does not go from inside the call
  world.services.run_posted();
  EXPECT_FALSE(a.has_context());
}

TEST_F(FilterChainReplyTest, AWorkerMayEndBeforeTheReaperComes) {
  world.add_plugin("a");
  world.request(kEnd);
  world.respond(kEnd);
  std::exchange(world.client.exchange, nullptr)->closed();  // ~ChainWorld does the rest
}

TEST_F(FilterChainReplyTest, AWorkerThatEndsDoesNotWaitForPlugins) {
  auto& a = world.add_plugin("a");
  a.in_finish = [] { return false; };
  world.request(kEnd);
  world.respond(kEnd);
  world.close();
  EXPECT_TRUE(a.has_context());  // ~ChainWorld destroys it, as the sanitizer sees
}

TEST_F(FilterChainReplyTest, VerbsAfterTheEndHaveNoEffect) {
  auto& a = world.add_plugin("a");
  a.in_finish = [&] {
    a.stream().resume(kRequest);
    a.stream().reset();
    a.stream().fail("late");
    EXPECT_FALSE(a.stream().send_local_response(
        {.status_code = 500, .headers = HeaderList(), .grpc_status = -1}));
    return true;
  };
  world.request(kEnd);
  world.respond(kEnd);
  log.take();
  world.close();
  EXPECT_THAT(log.take(), ElementsAre("a: finished", "upstream: gone"));
}

TEST_F(FilterChainReplyTest, SurvivesAClientThatClosesFromInsideItsLastCall) {
  world.add_plugin("a");
  world.client.closes_at_once = true;
  world.request(kEnd);
  world.respond(kMore);
  log.take();
  world.response().data(body_of("x"), kEnd);
  world.services.run_posted();
  EXPECT_THAT(log.take(), ElementsAre("a: response body x end", "client: data x end", "a: finished",
                                      "upstream: gone"));
}

TEST_F(FilterChainReplyTest, SurvivesAClientThatClosesFromInsideAReplysHeaders) {
  world.client.closes_at_once = true;
  auto& a = world.add_plugin("a");
  a.sees_responses = false;
  replies_in_headers(a, kResponse, 502, "bad");
  world.client.in_headers = [&] { std::exchange(world.client.exchange, nullptr)->closed(); };
  world.request(kEnd);
  world.respond(kEnd);
  world.services.run_posted();
  EXPECT_THAT(log.take(),
              ElementsAre("a: request headers end", "upstream: headers / end",
                          "client: headers 502 x-why=test content-length=3 content-type=text/plain",
                          "a: finished", "upstream: gone"));
}

TEST_F(FilterChainReplyTest, AClientThatBreaksOffEndsTheUpstreamRequest) {
  auto& a = world.add_plugin("a");
  world.request(kMore);
  log.take();
  world.exchange().abort("connection reset");
  EXPECT_EQ(std::get<std::string_view>(a.stream().attribute(Attribute::ResponseCodeDetails)),
            "downstream_remote_disconnect");
  world.close();
  EXPECT_THAT(log.take(), ElementsAre("a: finished", "upstream: gone"));
  EXPECT_EQ(world.stats.aborted.value(), 1u);
}

// --- attributes ------------------------------------------------------------------------------

TEST_F(FilterChainReplyTest, KnowsTheAttributesOfACompleteExchange) {
  auto& a = world.add_plugin("a");
  int64_t duration = 0;
  a.in_finish = [&] {
    duration =
        std::get<runtime::Duration>(a.stream().attribute(Attribute::RequestDuration)).nanoseconds;
    return true;
  };
  world.request(kMore);
  world.exchange().data(body_of("12345"), kEnd);
  world.clock.advance(Milliseconds(3));
  world.respond(kMore, {{"grpc-status", "5"}});
  world.response().data(body_of("1234567"), kEnd);

  auto text = [&](Attribute which) {
    return std::get<std::string_view>(a.stream().attribute(which));
  };
  auto number = [&](Attribute which) { return std::get<int64_t>(a.stream().attribute(which)); };
  EXPECT_EQ(text(Attribute::RequestProtocol), "HTTP/1.1");
  EXPECT_EQ(number(Attribute::RequestSize), 5);
  EXPECT_EQ(number(Attribute::ResponseSize), 7);
  EXPECT_EQ(number(Attribute::ResponseCode), 200);
  EXPECT_EQ(text(Attribute::ResponseCodeDetails), "via_upstream");
  EXPECT_EQ(number(Attribute::ResponseFlags), 0);
  EXPECT_EQ(number(Attribute::ResponseGrpcStatus), 5);
  EXPECT_EQ(std::get<runtime::Duration>(a.stream().attribute(Attribute::ResponseBackendLatency))
                .nanoseconds,
            3'000'000);
  EXPECT_EQ(text(Attribute::SourceAddress), "10.0.0.1:4000");
  EXPECT_EQ(number(Attribute::DestinationPort), 80);
  EXPECT_EQ(std::get<uint64_t>(a.stream().attribute(Attribute::ConnectionId)), 7u);
  EXPECT_EQ(text(Attribute::UpstreamAddress), "10.0.0.9:8000");
  EXPECT_EQ(text(Attribute::ClusterName), "upstream");
  EXPECT_EQ(text(Attribute::VirtualHostName), "all");
  EXPECT_EQ(text(Attribute::RouteName), "main");
  EXPECT_EQ(text(Attribute::FilterChainName), "chain");
  EXPECT_EQ(a.stream().attribute(Attribute::RequestDuration).index(), 0u);  // not complete
  world.close();
  EXPECT_EQ(duration, 3'000'000);
}

TEST_F(FilterChainReplyTest, TellsTheRouteThatTheHeadersHaveNow) {
  auto& a = world.add_plugin("a");
  auto cluster = [&] {
    return std::get<std::string_view>(a.stream().attribute(Attribute::ClusterName));
  };
  a.in_headers = [&](Direction) {
    EXPECT_EQ(cluster(), "upstream");
    EXPECT_TRUE(a.stream().header_map(MapType::RequestHeaders)->replace(":path", "/other"));
    EXPECT_EQ(cluster(), "other");
  };
  world.request(kEnd);
}

TEST_F(FilterChainReplyTest, SharesFilterStateAmongPlugins) {
  auto& a = world.add_plugin("a");
  auto& b = world.add_plugin("b");
  world.request(kEnd);
  ASSERT_EQ(a.stream().filter_state().set("user", "me"), abi::Status::Ok);
  ASSERT_NE(b.stream().filter_state().find("user"), nullptr);
  EXPECT_EQ(b.stream().filter_state().find("user")->value, "me");
}

}  // namespace
}  // namespace weir::serve::test

// HTTP streams: what callbacks are given, what their answers come to, and when a continue, a local
// response or a close takes effect (ABI 0.2.1, "HTTP streams").

#include "abi/map_codec.h"
#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class HttpStreamTest : public MachineTest {
 protected:
  HttpStreamTest() {
    stream.headers(MapType::RequestHeaders) =
        HeaderList{{":method", "GET"}, {":path", "/x"}, {"a", "1"}};
    stream.headers(MapType::ResponseHeaders) = HeaderList{{":status", "200"}};
  }
};

TEST_P(HttpStreamTest, CallbacksCountHeadersBytesAndTrailers) {
  open();
  context->on_headers(Direction::Request, EndOfStream::No);
  stream.body_of(Direction::Request) = FakeBuffer("body");
  context->on_body(Direction::Request, EndOfStream::No);
  stream.body_of(Direction::Request) = FakeBuffer("body grows");
  context->on_body(Direction::Request, EndOfStream::Yes);
  stream.headers(MapType::RequestTrailers) = HeaderList{{"t", "1"}, {"u", "2"}};
  context->on_trailers(Direction::Request);
  context->on_headers(Direction::Response, EndOfStream::Yes);
  context->on_body(Direction::Response, EndOfStream::Yes);
  context->on_trailers(Direction::Response);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_headers(2, 3, 0)", "proxy_on_request_body(2, 4, 0)",
                          "proxy_on_request_body(2, 10, 1)", "proxy_on_request_trailers(2, 2)",
                          "proxy_on_response_headers(2, 1, 1)", "proxy_on_response_body(2, 0, 1)",
                          "proxy_on_response_trailers(2, 0)"));
}

TEST_P(HttpStreamTest, MetadataIsCounted) {
  open();
  HeaderList metadata{{"m", "1"}};
  context->on_metadata(Direction::Request, metadata);
  context->on_metadata(Direction::Response, metadata);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_metadata(2, 1)", "proxy_on_response_metadata(2, 1)"));
}

struct HeadersCase {
  uint32_t answer;
  HeadersAction action;
  HeadersAction action_where_body_goes_on;
};

TEST_P(HttpStreamTest, AnswersToHeadersAreTheActionsOfEnvoy) {
  constexpr HeadersCase kCases[] = {
      {0, HeadersAction::Continue, HeadersAction::Continue},
      {1, kStopAll, HeadersAction::StopIteration},
      {2, HeadersAction::ContinueAndEndStream, HeadersAction::ContinueAndEndStream},
      {3, HeadersAction::StopAllIterationAndBuffer, HeadersAction::StopAllIterationAndBuffer},
      {4, kStopAll, kStopAll},
      {5, kStopAll, kStopAll},
      {0xffffffff, kStopAll, kStopAll}};
  for (const bool body_goes_on : {false, true}) {
    for (const HeadersCase& c : kCases) {
      start_over();
      script.on("proxy_on_request_headers").answer(c.answer);
      script.on("proxy_on_response_headers").answer(c.answer);
      options.allow_on_headers_stop_iteration = body_goes_on;
      const auto wanted = body_goes_on ? c.action_where_body_goes_on : c.action;
      EXPECT_EQ(request_headers(), wanted) << c.answer;
      EXPECT_EQ(response_headers(), wanted) << c.answer;
    }
  }
}

TEST_P(HttpStreamTest, AnswersToBodiesAreTheActionsOfEnvoy) {
  for (const auto& [answer, action] :
       std::map<uint32_t, DataAction>{{0, DataAction::Continue},
                                      {1, DataAction::StopIterationAndBuffer},
                                      {2, DataAction::StopIterationAndWatermark},
                                      {3, DataAction::StopIterationNoBuffer},
                                      {4, DataAction::StopIterationNoBuffer},
                                      {0x80000000, DataAction::StopIterationNoBuffer}}) {
    start_over();
    script.on("proxy_on_request_body").answer(answer);
    script.on("proxy_on_response_body").answer(answer);
    EXPECT_EQ(request_body(), action) << answer;
    EXPECT_EQ(context->on_body(Direction::Response, EndOfStream::No), action) << answer;
  }
}

TEST_P(HttpStreamTest, AnswersToTrailersContinueOrStop) {
  for (const auto& [answer, action] :
       std::map<uint32_t, TrailersAction>{{0, TrailersAction::Continue},
                                          {1, TrailersAction::StopIteration},
                                          {2, TrailersAction::StopIteration}}) {
    start_over();
    script.on("proxy_on_request_trailers").answer(answer);
    script.on("proxy_on_response_trailers").answer(answer);
    open();
    EXPECT_EQ(context->on_trailers(Direction::Request), action) << answer;
    EXPECT_EQ(context->on_trailers(Direction::Response), action) << answer;
  }
}

TEST_P(HttpStreamTest, AContinueInTheOwnCallbackMakesAPauseAContinue) {
  script.on("proxy_on_request_headers")
      .call("proxy_continue_stream", StreamType::Request)
      .answer(1);
  script.on("proxy_on_request_body").call("proxy_continue_stream", StreamType::Request).answer(1);
  script.on("proxy_on_request_trailers")
      .call("proxy_continue_stream", StreamType::Request)
      .answer(1);
  open();
  EXPECT_EQ(context->on_headers(Direction::Request, EndOfStream::No), HeadersAction::Continue);
  EXPECT_EQ(context->on_body(Direction::Request, EndOfStream::No), DataAction::Continue);
  EXPECT_EQ(context->on_trailers(Direction::Request), TrailersAction::Continue);
  EXPECT_THAT(reports(), ::testing::Each("proxy_continue_stream: Ok"));
}

TEST_P(HttpStreamTest, AContinueHoldsOnlyForItsOwnCallback) {
  script.on("proxy_on_request_headers")
      .call("proxy_continue_stream", StreamType::Request)
      .answer(1);
  script.on("proxy_on_request_body").answer(1);
  open();
  EXPECT_EQ(context->on_headers(Direction::Request, EndOfStream::No), HeadersAction::Continue);
  EXPECT_EQ(context->on_body(Direction::Request, EndOfStream::No),
            DataAction::StopIterationAndBuffer);
}

TEST_P(HttpStreamTest, AContinueOfTheOtherDirectionResumesItAfterTheCallback) {
  script.on("proxy_on_response_headers")
      .call("proxy_continue_stream", StreamType::Request)
      .say("still in the callback")
      .answer(1);
  EXPECT_EQ(response_headers(), kStopAll);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_response_headers(2, 1, 0)", "  proxy_continue_stream: Ok",
                          "  still in the callback", "resume request"));
}

TEST_P(HttpStreamTest, AContinueFromOutsideResumesTheStreamAfterTheCallback) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 5);
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_tick")
      .call("proxy_set_effective_context", 2)
      .call("proxy_continue_stream", StreamType::Request)
      .call("proxy_continue_stream", StreamType::Request)
      .say("still in the callback");
  EXPECT_EQ(request_headers(), kStopAll);
  events();
  worker.services.advance(Milliseconds(5));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)", "  proxy_set_effective_context: Ok",
                                    "  proxy_continue_stream: Ok", "  proxy_continue_stream: Ok",
                                    "  still in the callback", "resume request"));
}

TEST_P(HttpStreamTest, AnHttpStreamKnowsNoTcpDirections) {
  script.on("proxy_on_request_headers")
      .call("proxy_continue_stream", StreamType::Downstream)
      .call("proxy_continue_stream", StreamType::Upstream)
      .call("proxy_continue_stream", 4)
      .call("proxy_close_stream", StreamType::Downstream)
      .call("proxy_close_stream", 4);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_continue_stream: Ok", "proxy_continue_stream: Ok",
                          "proxy_continue_stream: BadArgument", "proxy_close_stream: Ok",
                          "proxy_close_stream: BadArgument"));
  EXPECT_TRUE(host.log.has("an HTTP stream has no such direction"));
}

TEST_P(HttpStreamTest, ALocalResponseIsSentOnceTheCallbackHasReturned) {
  const std::string headers =
      abi::encode_property_map(HeaderList{{"x-why", "because"}, {"x-more", "yes"}});
  script.on("proxy_on_request_headers")
      .call("proxy_send_local_response", 403, "denied", "no", headers, -1)
      .say("still in the callback");
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 3, 0)",
                                    "  proxy_send_local_response: Ok", "  still in the callback",
                                    "local response 403 'no' x-why=because x-more=yes details "
                                    "denied"));
}

TEST_P(HttpStreamTest, ALocalResponseStopsBodiesAndTrailersToo) {
  script.on("proxy_on_response_body")
      .call("proxy_send_local_response", 502, "", "", "", 14)
      .answer(0);
  script.on("proxy_on_request_trailers").call("proxy_send_local_response", 400, "", "", "", -1);
  open();
  EXPECT_EQ(context->on_body(Direction::Response, EndOfStream::No),
            DataAction::StopIterationNoBuffer);
  EXPECT_EQ(context->on_trailers(Direction::Request), TrailersAction::StopIteration);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_response_body(2, 0, 0)", "  proxy_send_local_response: Ok",
                          "local response 502 '' grpc 14", "proxy_on_request_trailers(2, 0)",
                          "  proxy_send_local_response: Ok", "local response 400 ''"));
}

TEST_P(HttpStreamTest, TheLastOfSeveralLocalResponsesIsSent) {
  script.on("proxy_on_request_headers")
      .call("proxy_send_local_response", 403, "", "first", "", -1)
      .call("proxy_send_local_response", 404, "", "second", "", -1);
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_headers(2, 3, 0)", "  proxy_send_local_response: Ok",
                          "  proxy_send_local_response: Ok", "local response 404 'second'"));
}

TEST_P(HttpStreamTest, ALocalResponseThatComesTooLateIsLoggedAndDropped) {
  stream.response_begun = true;
  script.on("proxy_on_response_body").call("proxy_send_local_response", 500, "", "", "", -1);
  open();
  EXPECT_EQ(context->on_body(Direction::Response, EndOfStream::No), DataAction::Continue);
  EXPECT_TRUE(host.log.has("the response has begun already"));
}

TEST_P(HttpStreamTest, ALocalResponseNeedsAFinalStatusAndAnEncodedMap) {
  script.on("proxy_on_request_headers")
      .call("proxy_send_local_response", 0, "", "", "", -1)
      .call("proxy_send_local_response", 100, "", "", "", -1)
      .call("proxy_send_local_response", 199, "", "", "", -1)
      .call("proxy_send_local_response", 600, "", "", "", -1)
      .call("proxy_send_local_response", 65736, "", "", "", -1)
      .call("proxy_send_local_response", 0xffffffff, "", "", "", -1)
      .call("proxy_send_local_response", 200, "", "", "not a map", -1);
  EXPECT_THAT(reports_of_request_headers(),
              ::testing::Each("proxy_send_local_response: BadArgument"));
  EXPECT_TRUE(host.log.has("proxy_send_local_response: 199 is no final HTTP status (200 to 599)"));
}

TEST_P(HttpStreamTest, ALocalResponseMayHaveAnyFinalStatus) {
  script.on("proxy_on_request_headers")
      .call("proxy_send_local_response", 200, "", "", "", -1)
      .call("proxy_send_local_response", 599, "", "", "", -1);
  EXPECT_THAT(reports_of_request_headers(), ::testing::Each("proxy_send_local_response: Ok"));
}

TEST_P(HttpStreamTest, ARefusedLocalResponseLeavesAnEarlierOneInPlace) {
  script.on("proxy_on_request_headers")
      .call("proxy_send_local_response", 403, "", "first", "", -1)
      .call("proxy_send_local_response", 600, "", "second", "", -1);
  request_headers();
  EXPECT_THAT(
      events(),
      ElementsAre("proxy_on_request_headers(2, 3, 0)", "  proxy_send_local_response: Ok",
                  "  proxy_send_local_response: BadArgument", "local response 403 'first'"));
}

TEST_P(HttpStreamTest, ALocalResponseFromOutsideAnswersThatStream) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 5);
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_tick", 1)
      .call("proxy_set_effective_context", 2)
      .call("proxy_send_local_response", 504, "", "late", "", -1);
  request_headers();
  events();
  worker.services.advance(Milliseconds(5));
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_tick(1)", "  proxy_set_effective_context: Ok",
                          "  proxy_send_local_response: Ok", "local response 504 'late'"));
}

TEST_P(HttpStreamTest, ACloseResetsTheStreamAfterTheCallback) {
  script.on("proxy_on_request_headers")
      .call("proxy_close_stream", StreamType::Request)
      .say("still in the callback")
      .answer(0);
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 3, 0)", "  proxy_close_stream: Ok",
                                    "  still in the callback", "reset"));
}

TEST_P(HttpStreamTest, ClosingBothDirectionsResetsTheStreamOnce) {
  script.on("proxy_on_request_headers")
      .call("proxy_close_stream", StreamType::Request)
      .call("proxy_close_stream", StreamType::Response);
  request_headers();
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 3, 0)", "  proxy_close_stream: Ok",
                                    "  proxy_close_stream: Ok", "reset"));
}

TEST_P(HttpStreamTest, AContinueBesideALocalResponseIsForgotten) {
  script.on("proxy_on_request_headers", 1)
      .call("proxy_continue_stream", StreamType::Response)
      .call("proxy_send_local_response", 403, "", "", "", -1);
  script.on("proxy_on_response_headers", 1).call("proxy_set_property", "x", "y");
  script.on("proxy_on_request_body", 1).call("proxy_continue_stream", StreamType::Request);
  request_headers();
  EXPECT_THAT(events(), ::testing::Contains("local response 403 ''"));
  request_body();
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_body(2, 0, 0)", "  proxy_continue_stream: Ok"));
}

TEST_P(HttpStreamTest, WhatIsAskedForInOnLogComesTooLate) {
  script.on("proxy_on_log")
      .call("proxy_send_local_response", 403, "", "", "", -1)
      .call("proxy_continue_stream", StreamType::Request)
      .call("proxy_close_stream", StreamType::Request);
  open();
  context->finish();
  EXPECT_THAT(
      events(),
      ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "  proxy_send_local_response: Ok",
                  "  proxy_continue_stream: Ok", "  proxy_close_stream: Ok", "proxy_on_delete(2)"));
}

TEST_P(HttpStreamTest, SeesBodiesAndTrailersWhereTheGuestHasThoseCallbacks) {
  open();
  for (Direction direction : {Direction::Request, Direction::Response}) {
    EXPECT_TRUE(context->sees_body(direction));
    EXPECT_TRUE(context->sees_trailers(direction));
  }
}

TEST_P(HttpStreamTest, TheRootHasNoStreamToActOn) {
  script.on("proxy_on_configure")
      .call("proxy_continue_stream", StreamType::Request)
      .call("proxy_close_stream", StreamType::Request)
      .call("proxy_send_local_response", 403, "", "", "", -1);
  options.configuration = script.bytes();
  plugin = worker.start(host.load(options));
  EXPECT_THAT(reports(), ElementsAre("proxy_continue_stream: Ok", "proxy_close_stream: Ok",
                                     "proxy_send_local_response: Ok"));
  EXPECT_TRUE(host.log.has("the plugin's root context has no stream"));
}

TEST_P(HttpStreamTest, TheEffectiveContextHoldsUntilTheCallbackReturns) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  FakeHttpStream other(host.journal);
  other.headers(MapType::RequestHeaders) = HeaderList{{"who", "other"}};
  script.on("proxy_on_request_headers", 1)
      .call("proxy_set_effective_context", 3)
      .call("proxy_get_header_map_value", MapType::RequestHeaders, "who", out_value())
      .call("proxy_set_effective_context", 1)
      .call("proxy_get_header_map_value", MapType::RequestHeaders, "who", out_value())
      .call("proxy_set_effective_context", 99)
      .call("proxy_set_effective_context", 0);
  script.on("proxy_on_request_body")
      .call("proxy_get_header_map_value", MapType::RequestHeaders, "a", out_value());
  open();
  auto second = plugin->make_http_context(other);
  events();
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_set_effective_context: Ok", "proxy_get_header_map_value: Ok \"other\"",
                  "proxy_set_effective_context: Ok", "proxy_get_header_map_value: NotFound -",
                  "proxy_set_effective_context: BadArgument",
                  "proxy_set_effective_context: BadArgument"));
  request_body();
  EXPECT_THAT(reports(), ElementsAre("proxy_get_header_map_value: Ok \"1\""));
}

TEST_P(HttpStreamTest, ADeletedContextIsNoneToSwitchTo) {
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 5);
  script.on("proxy_on_tick").call("proxy_set_effective_context", 2);
  open();
  context.reset();
  events();
  worker.services.advance(Milliseconds(5));
  EXPECT_THAT(reports(), ElementsAre("proxy_set_effective_context: BadArgument"));
}

INSTANTIATE_TEST_SUITE_P(Engines, HttpStreamTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test

// HTTP calls to upstreams (ABI 0.2.1, "HTTP calls").

#include "abi/map_codec.h"
#include "conformance/machine_test.h"

namespace weir::test {
namespace {

std::string request_map() {
  return abi::encode_property_map(
      HeaderList{{":method", "POST"}, {":path", "/p"}, {":authority", "up"}, {"h", "1"}});
}

class HttpCallTest : public MachineTest {
 protected:
  HttpCallTest() {
    worker.services.upstreams().add("cluster");
    script.on("proxy_on_http_call_response")
        .call("proxy_get_status", out32(), out_value())
        .call("proxy_get_header_map_value", MapType::CallResponseHeaders, ":status", out_value())
        .call("proxy_get_header_map_value", MapType::CallResponseTrailers, "t", out_value())
        .call("proxy_get_buffer_bytes", BufferType::CallResponseBody, 0, 100, out_value());
  }

  void calls(const Arg& body, const Arg& trailers, uint32_t timeout) {
    script.on("proxy_on_request_headers")
        .call("proxy_http_call", "cluster", request_map(), body, trailers, timeout, out32_to(1));
  }

  UpstreamRequest& request() { return worker.services.upstreams().last(); }
};

TEST_P(HttpCallTest, TheRequestIsSentAsTheGuestWroteIt) {
  calls("body", abi::encode_property_map(HeaderList{{"t", "end"}}), 0);
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_http_call: Ok *"));
  EXPECT_EQ(request().upstream, "cluster");
  EXPECT_EQ(request().headers.find(":path"), "/p");
  EXPECT_EQ(request().headers.find("h"), "1");
  EXPECT_EQ(request().protocol, runtime::Protocol::Any);
  EXPECT_EQ(request().body, "body");
  EXPECT_EQ(request().trailers->find("t"), "end");
  EXPECT_TRUE(request().ended);
}

TEST_P(HttpCallTest, ARequestWithoutBodyAndTrailersEndsWithItsHeaders) {
  calls("", "", 0);
  request_headers();
  EXPECT_TRUE(request().ended);
  EXPECT_EQ(request().body, "");
  EXPECT_FALSE(request().trailers.has_value());
}

TEST_P(HttpCallTest, CallsGoWhereTheConfigurationAllows) {
  options.vm.limits.call_targets = {"clust*"};
  worker.services.upstreams().add("other");
  script.on("proxy_on_request_headers")
      .call("proxy_http_call", "other", request_map(), "", "", 0, out32())
      .call("proxy_http_call", "cluster", request_map(), "", "", 0, out32_to(1))
      .call("proxy_grpc_call", "other", "s", "m", "", "", 0, out32())
      .call("proxy_grpc_stream", "other", "s", "m", "", out32());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_http_call: BadArgument -", "proxy_http_call: Ok *",
                          "proxy_grpc_call: ParseFailure -", "proxy_grpc_stream: ParseFailure -"));
  EXPECT_EQ(request().upstream, "cluster");
  EXPECT_TRUE(host.log.has("limits.call_targets does not allow calls to 'other'"));
}

TEST_P(HttpCallTest, TheResponseIsToldToTheRootWhenItIsWhole) {
  calls("", "", 1000);
  request_headers();
  events();
  request().answer_headers({{":status", "200"}, {"x", "y"}});
  request().answer_data("to");
  request().answer_data("gether");
  EXPECT_THAT(events(), IsEmpty());
  request().answer_trailers({{"t", "last"}});
  EXPECT_THAT(events(), ElementsAre("proxy_on_http_call_response(1, 4, 2, 8, 1)",
                                    "  proxy_get_status: Ok 0 null",
                                    "  proxy_get_header_map_value: Ok \"200\"",
                                    "  proxy_get_header_map_value: Ok \"last\"",
                                    "  proxy_get_buffer_bytes: Ok \"together\""));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(HttpCallTest, AResponseMayBeHeadersAlone) {
  calls("", "", 0);
  request_headers();
  events();
  request().answer_headers({{":status", "204"}}, EndOfStream::Yes);
  EXPECT_THAT(
      events(),
      ElementsAre("proxy_on_http_call_response(1, 4, 1, 0, 0)", "  proxy_get_status: Ok 0 null",
                  "  proxy_get_header_map_value: Ok \"204\"",
                  "  proxy_get_header_map_value: NotFound -", "  proxy_get_buffer_bytes: Ok null"));
}

TEST_P(HttpCallTest, AFailedCallHasNoHeaders) {
  calls("", "", 0);
  request_headers();
  events();
  request().answer_headers({{":status", "200"}});
  request().answer_data("half");
  request().fail("reset by peer");
  EXPECT_THAT(events(), ElementsAre("proxy_on_http_call_response(1, 4, 0, 0, 0)",
                                    "  proxy_get_status: Ok 11 \"reset by peer\"",
                                    "  proxy_get_header_map_value: NotFound -",
                                    "  proxy_get_header_map_value: NotFound -",
                                    "  proxy_get_buffer_bytes: NotFound -"));
}

TEST_P(HttpCallTest, ACallThatTakesTooLongFailsAndIsReset) {
  calls("", "", 50);
  request_headers();
  events();
  worker.services.advance(Milliseconds(49));
  EXPECT_THAT(events(), IsEmpty());
  worker.services.advance(Milliseconds(1));
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_http_call_response(1, 4, 0, 0, 0)"));
  EXPECT_TRUE(request().reset);
}

TEST_P(HttpCallTest, AResponseThatIsTooLargeFailsTheCall) {
  calls("", "", 0);
  request_headers();
  events();
  request().answer_headers({{":status", "200"}});
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) request().answer_data(megabyte);
  EXPECT_THAT(events(), IsEmpty());
  request().answer_data("x");
  EXPECT_THAT(events(),
              ::testing::Contains("  proxy_get_status: Ok 11 \"the response is too large\""));
  EXPECT_TRUE(request().reset);
}

TEST_P(HttpCallTest, CallsOfOneRootAreToldApartByTheirIds) {
  script.on("proxy_on_request_headers")
      .call("proxy_http_call", "cluster", request_map(), "", "", 0, out32())
      .call("proxy_http_call", "cluster", request_map(), "", "", 0, out32());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_http_call: Ok 4", "proxy_http_call: Ok 8"));
  worker.services.upstreams().request(1).answer_headers({{":status", "200"}}, EndOfStream::Yes);
  worker.services.upstreams().request(0).answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_THAT(events(), ::testing::IsSupersetOf({"proxy_on_http_call_response(1, 8, 1, 0, 0)",
                                                 "proxy_on_http_call_response(1, 4, 1, 0, 0)"}));
}

TEST_P(HttpCallTest, WhatCannotBeSentIsToldAtOnce) {
  worker.services.upstreams().add_unreachable("down");
  const auto without = [](std::string_view missing) {
    HeaderList headers{{":method", "GET"}, {":path", "/"}, {":authority", "a"}};
    headers.remove(missing);
    return abi::encode_property_map(headers);
  };
  script.on("proxy_on_request_headers")
      .call("proxy_http_call", "unknown", request_map(), "", "", 0, out32())
      .call("proxy_http_call", "down", request_map(), "", "", 0, out32())
      .call("proxy_http_call", "cluster", without(":method"), "", "", 0, out32())
      .call("proxy_http_call", "cluster", without(":path"), "", "", 0, out32())
      .call("proxy_http_call", "cluster", without(":authority"), "", "", 0, out32())
      .call("proxy_http_call", "cluster", "", "", "", 0, out32())
      .call("proxy_http_call", "cluster", "malformed", "", "", 0, out32())
      .call("proxy_http_call", "cluster", request_map(), "", "malformed", 0, out32());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_http_call: BadArgument -", "proxy_http_call: InternalFailure -",
                          "proxy_http_call: BadArgument -", "proxy_http_call: BadArgument -",
                          "proxy_http_call: BadArgument -", "proxy_http_call: BadArgument -",
                          "proxy_http_call: BadArgument -", "proxy_http_call: BadArgument -"));
  for (const char* told : {
           "proxy_http_call: the call to 'unknown' is refused: there is no such upstream",
           "proxy_http_call: the call to 'down' is refused: the upstream cannot be reached",
           "proxy_http_call: the call to 'cluster' is refused: the header :method is missing",
           "proxy_http_call: the call to 'cluster' is refused: the header :path is missing",
           "proxy_http_call: the call to 'cluster' is refused: the header :authority is missing",
           "proxy_http_call: the call to 'cluster' is refused: its serialized headers or trailers "
           "are",
       }) {
    EXPECT_TRUE(host.log.has(told)) << told;
  }
}

TEST_P(HttpCallTest, AResponseWakesTheStreamThatWaitsForIt) {
  calls("", "", 0);
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_http_call_response")
      .call("proxy_set_effective_context", 2)
      .call("proxy_add_header_map_value", MapType::RequestHeaders, "x-auth", "ok")
      .call("proxy_continue_stream", StreamType::Request);
  stream.headers(MapType::RequestHeaders) = HeaderList{};
  request_headers();
  events();
  request().answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_EQ(events().back(), "resume request");
  EXPECT_EQ(stream.headers(MapType::RequestHeaders)->find("x-auth"), "ok");
}

TEST_P(HttpCallTest, TheResponseIsGoneAfterItsCallback) {
  calls("", "", 0);
  script.on("proxy_on_request_body")
      .call("proxy_get_header_map_value", MapType::CallResponseHeaders, ":status", out_value())
      .call("proxy_get_buffer_bytes", BufferType::CallResponseBody, 0, 100, out_value())
      .call("proxy_get_status", out32(), out_value());
  request_headers();
  request().answer_headers({{":status", "200"}});
  request().answer_data("x", EndOfStream::Yes);
  events();
  request_body();
  EXPECT_THAT(reports(),
              ElementsAre("proxy_get_header_map_value: NotFound -",
                          "proxy_get_buffer_bytes: NotFound -", "proxy_get_status: Ok 0 null"));
}

TEST_P(HttpCallTest, AnEndedStreamMayStillHearOfItsCall) {
  calls("", "", 0);
  request_headers();
  context.reset();
  events();
  request().answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_http_call_response(1, 4, 1, 0, 0)"));
}

TEST_P(HttpCallTest, ARootThatEndsGivesUpItsCalls) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  calls("", "", 1000);
  request_headers();
  context.reset();
  plugin.reset();
  worker.services.run();
  EXPECT_TRUE(request().reset);
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(HttpCallTest, ACallMadeWhileThePluginIsTriedOutIsNotSent) {
  script.on("proxy_on_configure")
      .call("proxy_http_call", "no such cluster", request_map(), "b",
            abi::encode_property_map(HeaderList{{"t", "1"}}), 100, out32());
  options.configuration = script.bytes();
  ASSERT_TRUE(host.host.load(options).ok());
  EXPECT_THAT(reports(), ElementsAre("proxy_http_call: Ok 4"));
  EXPECT_EQ(worker.services.upstreams().count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, HttpCallTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test

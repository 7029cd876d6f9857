// gRPC calls and streams (ABI 0.2.1, "gRPC calls").

#include "abi/map_codec.h"
#include "conformance/machine_test.h"
#include "runtime/grpc_call.h"

namespace weir::test {
namespace {

using namespace std::string_literals;

constexpr uint32_t kFirstCall = 5;    // number 1, kind 1
constexpr uint32_t kFirstStream = 6;  // number 1, kind 2

std::string metadata_map() { return abi::encode_property_map(HeaderList{{"meta", "data"}}); }

// As it travels: not compressed, length, bytes.
std::string framed(std::string_view message) {
  return "\0\0\0\0"s + static_cast<char>(message.size()) + std::string(message);
}

class GrpcTest : public MachineTest {
 protected:
  GrpcTest() {
    worker.services.upstreams().add("cluster");
    const auto metadata = [this](std::string_view callback, MapType map) {
      script.on(callback).call("proxy_get_header_map_value", map, "m", out_value());
    };
    metadata("proxy_on_grpc_receive_initial_metadata", MapType::GrpcInitialMetadata);
    metadata("proxy_on_grpc_receive_trailing_metadata", MapType::GrpcTrailingMetadata);
    script.on("proxy_on_grpc_receive")
        .call("proxy_get_buffer_bytes", BufferType::GrpcMessage, 0, 100, out_value());
    script.on("proxy_on_grpc_close").call("proxy_get_status", out32(), out_value());
  }

  void calls(const Arg& upstream = "cluster", uint32_t timeout = 0) {
    script.on("proxy_on_request_headers")
        .call("proxy_grpc_call", upstream, "pkg.Service", "Method", metadata_map(), "question",
              timeout, out32());
    request_headers();
  }
  void streams() {
    script.on("proxy_on_request_headers")
        .call("proxy_grpc_stream", "cluster", "pkg.Service", "Method", metadata_map(), out32());
    request_headers();
  }

  UpstreamRequest& request() { return worker.services.upstreams().last(); }
  void answers_with_headers() {
    request().answer_headers(
        {{":status", "200"}, {"content-type", "application/grpc"}, {"m", "i"}});
  }
};

TEST_P(GrpcTest, AUnaryCallSendsItsMessageAndEnds) {
  calls("cluster", 1500);
  EXPECT_THAT(reports(), ElementsAre("proxy_grpc_call: Ok " + std::to_string(kFirstCall)));
  EXPECT_EQ(request().protocol, runtime::Protocol::Http2);
  EXPECT_EQ(request().headers.find(":method"), "POST");
  EXPECT_EQ(request().headers.find(":path"), "/pkg.Service/Method");
  EXPECT_EQ(request().headers.find(":authority"), "cluster");
  EXPECT_EQ(request().headers.find("content-type"), "application/grpc");
  EXPECT_EQ(request().headers.find("te"), "trailers");
  EXPECT_EQ(request().headers.find("grpc-timeout"), "1500m");
  EXPECT_EQ(request().headers.find("meta"), "data");
  EXPECT_EQ(request().body, framed("question"));
  EXPECT_TRUE(request().ended);
}

TEST_P(GrpcTest, AUnaryAnswerIsToldOnceTheStatusIsKnown) {
  calls();
  events();
  answers_with_headers();
  request().answer_data(framed("answer"));
  EXPECT_THAT(events(), IsEmpty());
  request().answer_trailers({{"grpc-status", "0"}});
  EXPECT_THAT(events(), ElementsAre("proxy_on_grpc_receive(1, 5, 6)",
                                    "  proxy_get_buffer_bytes: Ok \"answer\""));
}

TEST_P(GrpcTest, AnEmptyMessageIsAnAnswer) {
  calls();
  events();
  answers_with_headers();
  request().answer_data(framed(""));
  request().answer_trailers({{"grpc-status", "0"}});
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_grpc_receive(1, 5, 0)", "  proxy_get_buffer_bytes: Ok null"));
}

TEST_P(GrpcTest, AUnaryCallThatFailsIsClosedWithItsStatus) {
  calls();
  events();
  answers_with_headers();
  request().answer_trailers({{"grpc-status", "7"}, {"grpc-message", "not%20you%21%zz"}});
  EXPECT_THAT(events(), ElementsAre("proxy_on_grpc_close(1, 5, 7)",
                                    "  proxy_get_status: Ok 7 \"not you!%zz\""));
}

TEST_P(GrpcTest, AnAnswerOfHeadersAloneCarriesTheStatus) {
  calls();
  events();
  request().answer_headers({{":status", "200"}, {"grpc-status", "5"}}, EndOfStream::Yes);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_grpc_close(1, 5, 5)", "  proxy_get_status: Ok 5 null"));
}

TEST_P(GrpcTest, AMessageInPiecesIsPutTogether) {
  calls();
  events();
  answers_with_headers();
  for (char c : framed("answer")) request().answer_data({&c, 1});
  request().answer_trailers({{"grpc-status", "0"}});
  EXPECT_THAT(events(), ::testing::Contains("  proxy_get_buffer_bytes: Ok \"answer\""));
}

struct HttpStatus {
  std::string_view http;
  uint32_t grpc;
};

TEST_P(GrpcTest, AnHttpErrorBecomesAStatusOfGrpc) {
  constexpr HttpStatus kCases[] = {{"400", 13}, {"401", 16}, {"403", 7},  {"404", 12}, {"429", 14},
                                   {"502", 14}, {"503", 14}, {"504", 14}, {"500", 2},  {"302", 2}};
  for (const HttpStatus& c : kCases) {
    start_over();
    calls();
    events();
    request().answer_headers({{":status", c.http}});
    request().answer_data("<html>", EndOfStream::Yes);
    EXPECT_THAT(events(), ElementsAre("proxy_on_grpc_close(1, 5, " + std::to_string(c.grpc) + ")"));
  }
}

TEST_P(GrpcTest, WhatIsNotGrpcFailsTheCall) {
  const std::pair<std::string, uint32_t> cases[] = {
      {"\1\0\0\0\0"s, 12},                  // compressed
      {"\0\xff\xff\xff\xff"s, 8},           // too large
      {framed("one") + framed("two"), 13},  // two answers to one question
  };
  for (const auto& [data, status] : cases) {
    start_over();
    calls();
    events();
    answers_with_headers();
    request().answer_data(data);
    EXPECT_THAT(events(), ElementsAre("proxy_on_grpc_close(1, 5, " + std::to_string(status) + ")"));
    EXPECT_TRUE(request().reset);
  }
}

TEST_P(GrpcTest, AnEndWithoutStatusOrMessageIsAnInternalError) {
  calls();
  events();
  answers_with_headers();
  request().answer_data(framed("answer"), EndOfStream::Yes);
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_grpc_close(1, 5, 13)"));
  start_over();
  calls();
  events();
  answers_with_headers();
  request().answer_trailers({{"grpc-status", "0"}});
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_grpc_close(1, 5, 13)"));
}

TEST_P(GrpcTest, ABrokenConnectionMakesTheServiceUnavailable) {
  calls();
  events();
  request().fail("connection refused");
  EXPECT_THAT(events(), ElementsAre("proxy_on_grpc_close(1, 5, 14)",
                                    "  proxy_get_status: Ok 14 \"connection refused\""));
}

TEST_P(GrpcTest, ACallThatTakesTooLongExceedsItsDeadline) {
  calls("cluster", 50);
  events();
  worker.services.advance(Milliseconds(50));
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_grpc_close(1, 5, 4)", "  proxy_get_status: Ok 4 \"timeout\""));
  EXPECT_TRUE(request().reset);
}

TEST_P(GrpcTest, TheUpstreamMayBeASerializedGrpcService) {
  // envoy_grpc { cluster_name: "cluster" } timeout { seconds: 1 }
  calls(
      "\x0a\x09\x0a\x07"
      "cluster"
      "\x1a\x02\x08\x01");
  EXPECT_THAT(reports(), ElementsAre("proxy_grpc_call: Ok 5"));
  EXPECT_EQ(request().upstream, "cluster");
}

TEST_P(GrpcTest, WhatCannotBeSentIsToldAtOnce) {
  worker.services.upstreams().add_unreachable("down");
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_call", "unknown", "s", "m", "", "", 0, out32())
      .call("proxy_grpc_call", "down", "s", "m", "", "", 0, out32())
      .call("proxy_grpc_call", "cluster", "s", "m", "malformed", "", 0, out32())
      .call("proxy_grpc_stream", "unknown", "s", "m", "", out32())
      .call("proxy_grpc_stream", "down", "s", "m", "", out32())
      .call("proxy_grpc_stream", "cluster", "s", "m", "malformed", out32());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_grpc_call: ParseFailure -", "proxy_grpc_call: InternalFailure -",
                  "proxy_grpc_call: ParseFailure -", "proxy_grpc_stream: ParseFailure -",
                  "proxy_grpc_stream: InternalFailure -", "proxy_grpc_stream: ParseFailure -"));
}

TEST_P(GrpcTest, AStreamIsToldMetadataMessagesAndItsEnd) {
  streams();
  EXPECT_THAT(reports(), ElementsAre("proxy_grpc_stream: Ok " + std::to_string(kFirstStream)));
  EXPECT_FALSE(request().ended);
  answers_with_headers();
  request().answer_data(framed("one") + framed("two"));
  request().answer_trailers({{"grpc-status", "0"}, {"m", "t"}});
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_grpc_receive_initial_metadata(1, 6, 3)",
                          "  proxy_get_header_map_value: Ok \"i\"",
                          "proxy_on_grpc_receive(1, 6, 3)", "  proxy_get_buffer_bytes: Ok \"one\"",
                          "proxy_on_grpc_receive(1, 6, 3)", "  proxy_get_buffer_bytes: Ok \"two\"",
                          "proxy_on_grpc_receive_trailing_metadata(1, 6, 2)",
                          "  proxy_get_header_map_value: Ok \"t\"", "proxy_on_grpc_close(1, 6, 0)",
                          "  proxy_get_status: Ok 0 null"));
}

TEST_P(GrpcTest, AStreamSendsUntilItsOwnSideIsClosed) {
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_stream", "cluster", "s", "m", "", out32_to(1))
      .call("proxy_grpc_send", in_register(1), "one", 0)
      .call("proxy_grpc_send", in_register(1), "two", 1)
      .call("proxy_grpc_send", in_register(1), "three", 0)
      .call("proxy_grpc_close", in_register(1));
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_grpc_stream: Ok *", "proxy_grpc_send: Ok", "proxy_grpc_send: Ok",
                          "proxy_grpc_send: Ok", "proxy_grpc_close: Ok"));
  EXPECT_EQ(request().body, framed("one") + framed("two"));
  EXPECT_TRUE(request().ended);
}

TEST_P(GrpcTest, AStreamTakesNoMoreThanASlowUpstreamLeavesRoomFor) {
  script.on("proxy_on_grpc_receive_initial_metadata")
      .call("proxy_grpc_send", param(1), "four", 0)
      .call("proxy_grpc_send", param(1), "f", 0);
  streams();
  events();
  request().unsent_bytes = runtime::GrpcCall::kMaxUnsentBytes - 1;
  answers_with_headers();
  EXPECT_THAT(events(), ElementsAre(StartsWith("proxy_on_grpc_receive_initial_metadata"),
                                    StartsWith("  proxy_get_header_map_value: Ok"),
                                    "  proxy_grpc_send: BadArgument", "  proxy_grpc_send: Ok"));
  EXPECT_EQ(request().body, framed("f"));
}

TEST_P(GrpcTest, CloseEndsTheOwnSideOnly) {
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_stream", "cluster", "s", "m", "", out32_to(1))
      .call("proxy_grpc_close", in_register(1));
  request_headers();
  events();
  EXPECT_TRUE(request().ended);
  answers_with_headers();
  request().answer_trailers({{"grpc-status", "0"}});
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_grpc_close(1, 6, 0)"));
}

TEST_P(GrpcTest, CancelResetsWithoutAnotherWord) {
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_stream", "cluster", "s", "m", "", out32_to(1))
      .call("proxy_grpc_call", "cluster", "s", "m", "", "", 100, out32_to(2))
      .call("proxy_grpc_cancel", in_register(1))
      .call("proxy_grpc_cancel", in_register(2))
      .call("proxy_grpc_cancel", in_register(2))
      .call("proxy_grpc_send", in_register(1), "", 0);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_grpc_stream: Ok *", "proxy_grpc_call: Ok *",
                          "proxy_grpc_cancel: Ok", "proxy_grpc_cancel: Ok",
                          "proxy_grpc_cancel: NotFound", "proxy_grpc_send: NotFound"));
  EXPECT_TRUE(worker.services.upstreams().request(0).reset);
  EXPECT_TRUE(worker.services.upstreams().request(1).reset);
  EXPECT_EQ(worker.services.armed_timers(), 0u);
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(GrpcTest, AStreamMayBeCancelledInAnyOfItsCallbacks) {
  for (std::string_view callback :
       {"proxy_on_grpc_receive_initial_metadata", "proxy_on_grpc_receive",
        "proxy_on_grpc_receive_trailing_metadata"}) {
    start_over();
    script.on(callback).call("proxy_grpc_cancel", param(1));
    streams();
    events();
    UpstreamRequest& open = request();
    answers_with_headers();
    if (!open.reset) open.answer_data(framed("one") + framed("two"));
    if (!open.reset) open.answer_trailers({{"grpc-status", "0"}});
    const auto lines = events();
    ASSERT_GE(lines.size(), 2u);
    EXPECT_EQ(lines.back(), "  proxy_grpc_cancel: Ok") << callback;
    EXPECT_THAT(lines[lines.size() - 2], StartsWith(std::string(callback)));
  }
}

TEST_P(GrpcTest, IdsOfAnotherKindAreTold) {
  worker.services.upstreams().add("cluster");
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_call", "cluster", "s", "m", "", "", 0, out32_to(1))
      .call("proxy_grpc_send", in_register(1), "", 0)
      .call("proxy_grpc_send", 0, "", 0)
      .call("proxy_grpc_send", 0xfffffffe, "", 0)
      .call("proxy_grpc_cancel", 0xffffffff)
      .call("proxy_grpc_close", 0xffffffff);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_grpc_call: Ok *", "proxy_grpc_send: BadArgument",
                          "proxy_grpc_send: BadArgument", "proxy_grpc_send: NotFound",
                          "proxy_grpc_cancel: NotFound", "proxy_grpc_close: NotFound"));
}

TEST_P(GrpcTest, AStreamWithoutStatusIsClosedWithAnError) {
  streams();
  events();
  answers_with_headers();
  request().fail("reset");
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_grpc_receive_initial_metadata(1, 6, 3)",
                          "  proxy_get_header_map_value: Ok \"i\"", "proxy_on_grpc_close(1, 6, 14)",
                          "  proxy_get_status: Ok 14 \"reset\""));
}

INSTANTIATE_TEST_SUITE_P(Engines, GrpcTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test

#include "scenario/http_flow.h"

#include <gmock/gmock.h>

#include <deque>

namespace weir::scenario {
namespace {

using abi::DataAction;
using abi::EndOfStream;
using abi::HeadersAction;
using abi::TrailersAction;
using ::testing::ElementsAre;

// A plugin that answers as the test says, and Continue when that is used up.
class FakeContext final : public runtime::HttpContext {
 public:
  HeadersAction headers = HeadersAction::Continue;
  std::deque<DataAction> data;
  std::deque<TrailersAction> trailers;
  std::function<void()> in_body = [] {};
  std::vector<std::string> log;

  HeadersAction on_headers(Direction, EndOfStream end) override {
    log.emplace_back(end == EndOfStream::Yes ? "headers, end" : "headers");
    return headers;
  }
  DataAction on_body(Direction, EndOfStream end) override {
    log.emplace_back(end == EndOfStream::Yes ? "body, end" : "body");
    in_body();
    return take(data, DataAction::Continue);
  }
  TrailersAction on_trailers(Direction) override {
    log.emplace_back("trailers");
    return take(trailers, TrailersAction::Continue);
  }
  void on_metadata(Direction, abi::HeaderMap&) override {}
  bool finish() override { return true; }
  bool sees_body(Direction) const override { return true; }
  bool sees_trailers(Direction) const override { return true; }

 private:
  template <typename Action>
  static Action take(std::deque<Action>& actions, Action or_else) {
    if (actions.empty()) return or_else;
    const Action action = actions.front();
    actions.pop_front();
    return action;
  }
};

class HttpFlowTest : public ::testing::Test {
 protected:
  void headers(EndOfStream end = EndOfStream::No) {
    flow_.headers(&plugin_, abi::HeaderList{{":status", "200"}}, end);
  }
  void data(std::string_view bytes, EndOfStream end = EndOfStream::No) {
    flow_.data(&plugin_, bytes, end);
  }

  FakeContext plugin_;
  HttpFlow flow_{Direction::Response};
};

TEST_F(HttpFlowTest, WhatThePluginLetsGoOnGoesOnPieceByPiece) {
  headers();
  data("one");
  data("two", EndOfStream::Yes);
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre("one", "two"));
  EXPECT_TRUE(flow_.ended());
  EXPECT_THAT(plugin_.log, ElementsAre("headers", "body", "body, end"));
}

TEST_F(HttpFlowTest, WhatIsStoppedIsHeldAndComesTogether) {
  plugin_.data = {DataAction::StopIterationAndBuffer, DataAction::StopIterationAndBuffer};
  headers();
  data("one");
  data("two");
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre());
  data("three", EndOfStream::Yes);
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre("onetwothree"));
}

TEST_F(HttpFlowTest, HeadersThatAreStoppedGoOnWithTheBody) {
  plugin_.headers = HeadersAction::StopIteration;
  headers();
  EXPECT_FALSE(flow_.started());
  data("one", EndOfStream::Yes);
  EXPECT_TRUE(flow_.ended());
}

TEST_F(HttpFlowTest, NoCallbacksComeWhileAllIsStopped) {
  plugin_.headers = HeadersAction::StopAllIterationAndBuffer;
  headers();
  data("one");
  data("two", EndOfStream::Yes);
  EXPECT_THAT(plugin_.log, ElementsAre("headers"));
  flow_.resume(&plugin_);
  EXPECT_THAT(plugin_.log, ElementsAre("headers", "body, end"));
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre("onetwo"));
}

TEST_F(HttpFlowTest, APluginMayEndTheMessageByItsHeaders) {
  plugin_.headers = HeadersAction::ContinueAndEndStream;
  headers();
  EXPECT_TRUE(flow_.ended());
  data("dropped", EndOfStream::Yes);
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre());
}

TEST_F(HttpFlowTest, PiecesMayBeDropped) {
  plugin_.data = {DataAction::StopIterationNoBuffer};
  headers();
  data("dropped");
  data("kept", EndOfStream::Yes);
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre("kept"));
}

TEST_F(HttpFlowTest, APluginChangesTheBodyInItsCallback) {
  plugin_.in_body = [&] {
    ASSERT_TRUE(flow_.body()->replace(0, flow_.body()->size(), as_bytes("changed")));
  };
  headers();
  data("one", EndOfStream::Yes);
  EXPECT_THAT(flow_.seen()->pieces, ElementsAre("changed"));
  EXPECT_EQ(flow_.body(), nullptr);
}

TEST_F(HttpFlowTest, TrailersThatThePluginAddsGoOnWithoutACallback) {
  plugin_.in_body = [&] { ASSERT_TRUE(flow_.trailer_map()->add("x", "1")); };
  headers();
  data("one", EndOfStream::Yes);
  EXPECT_EQ(flow_.seen()->trailers->find("x"), "1");
  EXPECT_THAT(plugin_.log, ElementsAre("headers", "body, end"));
}

TEST_F(HttpFlowTest, TrailersAreHeldUntilThePluginGoesOn) {
  plugin_.trailers = {TrailersAction::StopIteration};
  headers();
  flow_.trailers(&plugin_, abi::HeaderList{{"x", "1"}});
  EXPECT_FALSE(flow_.ended());
  flow_.resume(&plugin_);
  EXPECT_TRUE(flow_.ended());
  EXPECT_EQ(flow_.seen()->trailers->find("x"), "1");
}

TEST_F(HttpFlowTest, WhatIsHeldHasALimit) {
  plugin_.data = {DataAction::StopIterationAndBuffer};
  headers();
  data(std::string(HttpFlow::kMaxHeld + 1, 'x'));
  EXPECT_TRUE(flow_.too_large());
}

TEST_F(HttpFlowTest, WithoutAPluginAllGoesOn) {
  flow_.headers(nullptr, abi::HeaderList{{":status", "200"}}, EndOfStream::No);
  flow_.data(nullptr, "one", EndOfStream::Yes);
  EXPECT_TRUE(flow_.ended());
}

}  // namespace
}  // namespace weir::scenario

// Requests to a cluster that has plugins of its own, from the router's side.

#include "planes/serve/filtered_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using runtime::Direction;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A router's end of one try.
class Taker final : public MessageSink, public MessageSource {
 public:
  explicit Taker(Log& log) : log_(log) {}

  void headers(HeaderList headers, EndOfStream end) override {
    log_.add("router: headers " + std::string(headers.find(":status").value_or("")) +
             (end == EndOfStream::Yes ? " end" : ""));
  }
  void data(Body data, EndOfStream end) override {
    log_.add("router: data " + std::to_string(data.size()) +
             (end == EndOfStream::Yes ? " end" : ""));
  }
  void trailers(HeaderList) override { log_.add("router: trailers"); }
  void abort(std::string_view reason) override {
    log_.add("router: aborted: " + std::string(reason));
  }
  void pause() override { ++pauses; }
  void resume() override { --pauses; }

  int pauses = 0;

 private:
  Log& log_;
};

class FilteredClusterTest : public ::testing::Test {
 protected:
  ~FilteredClusterTest() override {
    exchange.reset();
    destroy_all(open);
    reaper.reap();
  }

  // A request of the router's.
  void send(EndOfStream end = kEnd) {
    exchange = cluster.open_for(client, taker, &taker);
    exchange->headers(
        {{":method", "GET"}, {":path", "/p"}, {":scheme", "http"}, {":authority", "a"}}, end);
  }
  MessageSink& response() { return behind->response(); }
  void finish() {
    exchange.reset();
    services.run_posted();
  }

  Log log;
  ManualClock clock;
  FakeServices services{clock};
  Reaper reaper{[this](std::function<void()> task) { services.post(std::move(task)); }};
  TimeoutQueue timeouts{clock, services};
  FilterChains open;
  FakePlugin plugin{"plugin", log};
  std::shared_ptr<FakeCluster> behind = std::make_shared<FakeCluster>(log, "upstream");
  FilteredCluster cluster{{.cluster = behind,
                           .plugins = {plugin.maker()},
                           .plugin_names = {"plugin"},
                           .reaper = reaper,
                           .timeouts = timeouts,
                           .services = services,
                           .clock = clock,
                           .open = open}};
  const ConnectionInfo client{.remote_address = "10.0.0.1:4000"};
  Taker taker{log};
  std::unique_ptr<UpstreamExchange> exchange;
};

TEST_F(FilteredClusterTest, BothMessagesPassThePlugins) {
  plugin.in_headers = [&](Direction d) {
    if (d != kRequest) return;
    EXPECT_TRUE(plugin.stream().header_map(abi::MapType::RequestHeaders)->add("x", "1"));
    EXPECT_EQ(
        std::get<std::string_view>(plugin.stream().attribute(runtime::Attribute::SourceAddress)),
        "10.0.0.1:4000");
  };
  send();
  EXPECT_THAT(log.take(),
              ElementsAre("plugin: request headers end", "upstream: headers /p x=1 end"));
  response().headers({{":status", "200"}}, kMore);
  response().data(body_of("hello"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("plugin: response headers", "router: headers 200",
                                      "plugin: response body hello end", "router: data 5 end"));
  EXPECT_EQ(exchange->info()->address, "10.0.0.9:8000");
  EXPECT_FALSE(exchange->is_answered_by_plugin());
  finish();
  EXPECT_THAT(log.take(), Contains("plugin: finished"));
  EXPECT_TRUE(open.empty());
}

TEST_F(FilteredClusterTest, TheRouterHearsAnAnswerOfAPluginOnceItsCallHasReturned) {
  plugin.sees_responses = false;
  plugin.in_headers = [&](Direction d) {
    if (d != kRequest) return;
    const HeaderList none;
    plugin.stream().send_local_response(
        {.status_code = 403, .details = "d", .body = "no", .headers = none, .grpc_status = -1});
  };
  send();
  EXPECT_THAT(log.take(), ElementsAre("plugin: request headers end"));
  services.run_posted();
  EXPECT_THAT(log.take(), ElementsAre("router: headers 403", "router: data 2 end"));
  EXPECT_TRUE(exchange->is_answered_by_plugin());
}

TEST_F(FilteredClusterTest, TheRouterHearsHowTheUpstreamFailed) {
  send();
  behind->refused = true;
  log.take();
  response().abort("gone");
  EXPECT_THAT(log.take(), Contains("router: aborted: gone"));
  EXPECT_TRUE(exchange->was_refused());
  EXPECT_NE(exchange->info(), nullptr);

  behind->refused = behind->connected = false;
  send();
  response().abort("connect");
  EXPECT_THAT(log.take(), Contains("router: aborted: connect"));
  EXPECT_FALSE(exchange->was_refused());
  EXPECT_EQ(exchange->info(), nullptr);
}

TEST_F(FilteredClusterTest, EachTryPassesFreshContexts) {
  send();
  exchange->abort("tried again");
  finish();
  EXPECT_THAT(log.take(), Contains("upstream: gone"));
  EXPECT_FALSE(plugin.has_context());
  send();
  EXPECT_THAT(log.take(), ElementsAre("plugin: request headers end", "upstream: headers /p end"));
  EXPECT_TRUE(plugin.has_context());
}

TEST_F(FilteredClusterTest, AnUpstreamThatTakesNoMoreHoldsTheRequest) {
  plugin.sees_body = false;
  send(kMore);
  behind->request().pause();
  EXPECT_EQ(taker.pauses, 1);
  behind->request().resume();
  EXPECT_EQ(taker.pauses, 0);
  behind->request().pause();
  exchange->abort("");
  EXPECT_EQ(taker.pauses, 0);
}

}  // namespace
}  // namespace weir::serve::test

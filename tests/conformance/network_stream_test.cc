// TCP connections (ABI 0.2.1, "TCP streams").

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class NetworkStreamTest : public MachineTest {};

TEST_P(NetworkStreamTest, CallbacksComeInTheOrderOfEvents) {
  start();
  network = plugin->make_network_context(connection);
  network->on_new_connection();
  connection.data_of(Direction::Request) = FakeBuffer("ping");
  network->on_data(Direction::Request, EndOfStream::No);
  connection.data_of(Direction::Response) = FakeBuffer("pong!");
  network->on_data(Direction::Response, EndOfStream::Yes);
  network->on_close(Direction::Response, abi::PeerType::Remote);
  network->on_close(Direction::Request, abi::PeerType::Local);
  EXPECT_TRUE(network->finish());
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_context_create(2, 1)", "proxy_on_new_connection(2)",
                          "proxy_on_downstream_data(2, 4, 0)", "proxy_on_upstream_data(2, 5, 1)",
                          "proxy_on_upstream_connection_close(2, 2)",
                          "proxy_on_downstream_connection_close(2, 1)", "proxy_on_done(2)",
                          "proxy_on_log(2)", "proxy_on_delete(2)"));
}

TEST_P(NetworkStreamTest, AnyAnswerButZeroStops) {
  for (uint32_t answer : {0u, 1u, 2u, 0xffffffffu}) {
    start_over();
    script.on("proxy_on_new_connection").answer(answer);
    script.on("proxy_on_downstream_data").answer(answer);
    script.on("proxy_on_upstream_data").answer(answer);
    open_network();
    const auto wanted = answer == 0 ? NetworkAction::Continue : NetworkAction::StopIteration;
    EXPECT_EQ(network->on_new_connection(), wanted);
    EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), wanted);
    EXPECT_EQ(network->on_data(Direction::Response, EndOfStream::No), wanted);
  }
}

TEST_P(NetworkStreamTest, DataIsReadAndReplaced) {
  script.on("proxy_on_downstream_data")
      .call("proxy_get_buffer_bytes", BufferType::DownstreamData, 0, 100, out_value())
      .call("proxy_set_buffer_bytes", BufferType::DownstreamData, 0, 2, "PO");
  script.on("proxy_on_upstream_data")
      .call("proxy_get_buffer_status", BufferType::UpstreamData, out_word(), out32())
      .call("proxy_set_buffer_bytes", BufferType::UpstreamData, 100, 0, "!");
  connection.data_of(Direction::Request) = FakeBuffer("ping");
  connection.data_of(Direction::Response) = FakeBuffer("pong");
  open_network();
  network->on_data(Direction::Request, EndOfStream::No);
  network->on_data(Direction::Response, EndOfStream::No);
  EXPECT_THAT(reports(),
              ElementsAre("proxy_get_buffer_bytes: Ok \"ping\"", "proxy_set_buffer_bytes: Ok",
                          "proxy_get_buffer_status: Ok 4 0", "proxy_set_buffer_bytes: Ok"));
  EXPECT_EQ(connection.data_of(Direction::Request)->text(), "POng");
  EXPECT_EQ(connection.data_of(Direction::Response)->text(), "pong!");
}

TEST_P(NetworkStreamTest, AContinueInTheOwnCallbackMakesAPauseAContinue) {
  script.on("proxy_on_downstream_data")
      .call("proxy_continue_stream", StreamType::Downstream)
      .answer(1);
  open_network();
  EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), NetworkAction::Continue);
}

TEST_P(NetworkStreamTest, AContinueOfTheOtherSideResumesItAfterTheCallback) {
  script.on("proxy_on_downstream_data")
      .call("proxy_continue_stream", StreamType::Upstream)
      .say("still in the callback");
  open_network();
  network->on_data(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_downstream_data(2, 0, 0)", "  proxy_continue_stream: Ok",
                          "  still in the callback", "resume upstream"));
}

TEST_P(NetworkStreamTest, ACloseIsDoneAfterTheCallback) {
  script.on("proxy_on_downstream_data")
      .call("proxy_close_stream", StreamType::Upstream)
      .call("proxy_close_stream", StreamType::Downstream);
  open_network();
  EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), NetworkAction::StopIteration);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_downstream_data(2, 0, 0)", "  proxy_close_stream: Ok",
                          "  proxy_close_stream: Ok", "close downstream", "close upstream"));
}

TEST_P(NetworkStreamTest, AConnectionHasNoHttp) {
  script.on("proxy_on_new_connection")
      .call("proxy_continue_stream", StreamType::Request)
      .call("proxy_close_stream", StreamType::Response)
      .call("proxy_send_local_response", 403, "", "", "", -1)
      .call("proxy_get_header_map_value", MapType::RequestHeaders, "a", out_value())
      .call("proxy_get_buffer_bytes", BufferType::RequestBody, 0, 1, out_value())
      .call("proxy_clear_route_cache");
  open_network();
  EXPECT_EQ(network->on_new_connection(), NetworkAction::Continue);
  EXPECT_THAT(reports(),
              ElementsAre("proxy_continue_stream: Ok", "proxy_close_stream: Ok",
                          "proxy_send_local_response: Ok", "proxy_get_header_map_value: NotFound -",
                          "proxy_get_buffer_bytes: NotFound -", "proxy_clear_route_cache: Ok"));
  EXPECT_TRUE(host.log.has("a TCP connection has no response"));
  EXPECT_TRUE(host.log.has("a TCP connection has no such direction"));
}

TEST_P(NetworkStreamTest, AConnectionWaitsForProxyDone) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  script.on("proxy_on_done", 1).answer(0);
  script.on("proxy_on_tick").call("proxy_set_effective_context", 2).call("proxy_done");
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 10);
  open_network();
  EXPECT_FALSE(network->finish());
  events();
  worker.services.advance(Milliseconds(10));
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_tick(1)", "  proxy_set_effective_context: Ok",
                          "  proxy_done: Ok", "proxy_on_log(2)", "proxy_on_delete(2)", "finished"));
}

INSTANTIATE_TEST_SUITE_P(Engines, NetworkStreamTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test

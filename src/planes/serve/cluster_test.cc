#include "planes/serve/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "planes/serve/loopback.h"

namespace weir::serve::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

// A client that has sent a request.
Peer get(Proxy& proxy) {
  Peer client = Peer::connect(proxy.port());
  client.send(kGet);
  return client;
}

void serve_one(Upstream& upstream, Peer& client) {
  Peer server = upstream.accept();
  server.read_head();
  server.send(kOk);
  EXPECT_THAT(client.read_message(), EndsWith("ok"));
}

TEST(ClusterTest, RefusesSettingsThatCannotBeUsed) {
  boost::asio::io_context io;
  EXPECT_EQ(make_cluster(io, {.name = "c"}).error().message, "cluster 'c': it has no endpoints");
  EXPECT_EQ(make_cluster(io, {.name = "c", .endpoints = {{"h", 0}}}).error().message,
            "cluster 'c': endpoint 'h' has port 0");
  EXPECT_EQ(make_cluster(io, {.name = "c", .endpoints = {{"", 1}}}).error().message,
            "cluster 'c': an endpoint has no host");
}

TEST(ClusterTest, ResolvesNames) {
  Upstream upstream;
  Proxy proxy({.name = "c", .endpoints = {{"localhost", upstream.port()}}}, {});
  Peer client = get(proxy);
  // Where the name has an IPv6 address too, that one refuses and the next is tried.
  serve_one(upstream, client);
}

TEST(ClusterTest, SaysThatANameHasNoAddress) {
  Proxy proxy({.name = "c", .endpoints = {{"no-such-host.invalid", 80}}}, {});
  Peer client = get(proxy);
  client.set_timeout({.tv_sec = 60});
  EXPECT_THAT(client.read_message(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("resolve 'no-such-host.invalid'")));
  // And once more when that is known.
  client.send(kGet);
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 503 "));
}

TEST(ClusterTest, TakesItsEndpointsInTurn) {
  Upstream one;
  Upstream two;
  Proxy proxy({.name = "c", .endpoints = {{"127.0.0.1", one.port()}, {"127.0.0.1", two.port()}}},
              {});
  Peer first = get(proxy);
  Peer second = get(proxy);
  Peer from_one = one.accept();
  Peer from_two = two.accept();
  EXPECT_THAT(from_one.read_head(), StartsWith("GET "));
  EXPECT_THAT(from_two.read_head(), StartsWith("GET "));
}

TEST(ClusterTest, TriesAnotherEndpointWhereOneRefuses) {
  uint16_t unused;
  { unused = Upstream().port(); }
  Upstream upstream;
  Proxy proxy({.name = "c", .endpoints = {{"127.0.0.1", unused}, {"127.0.0.1", upstream.port()}}},
              {});
  for (int i = 0; i < 4; ++i) {
    Peer client = get(proxy);
    serve_one(upstream, client);
  }
  // The one that refused was passed over after that.
  EXPECT_EQ(proxy.cluster_stats().connect_failures.value(), 1U);
}

TEST(ClusterTest, GivesUpAConnectThatTakesTooLong) {
  // A listener whose queue is full does not answer.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Peer::loopback(0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const uint16_t port = ntohs(address.sin_port);
  Peer filler = Peer::connect(port);

  Proxy proxy({.name = "c", .endpoints = {{"127.0.0.1", port}}, .connect_timeout = Milliseconds(1)},
              {});
  Peer client = get(proxy);
  EXPECT_THAT(client.read_message(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("timed out")));
  ::close(fd);
}

TEST(ClusterTest, LetsRequestsWaitForAConnection) {
  Upstream upstream;
  Proxy proxy({.name = "c",
               .endpoints = {{"127.0.0.1", upstream.port()}},
               .limits = {.max_connections = 1}},
              {});
  Peer first = get(proxy);
  Peer server = upstream.accept();
  server.read_head();
  Peer second = get(proxy);
  Peer third = get(proxy);
  server.send(kOk);
  EXPECT_THAT(first.read_message(), EndsWith("ok"));
  // The next one waits on; when the connection ends it gets another.
  EXPECT_THAT(server.read_head(), StartsWith("GET "));
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  Peer other = upstream.accept();
  EXPECT_THAT(other.read_head(), StartsWith("GET "));
  other.send(kOk);
  EXPECT_THAT(second.read_message(), EndsWith("ok"));
  EXPECT_THAT(third.read_message(), EndsWith("ok"));
}

TEST(ClusterTest, ForgetsAWaitingRequestWhoseClientLeaves) {
  Upstream upstream;
  Proxy proxy({.name = "c",
               .endpoints = {{"127.0.0.1", upstream.port()}},
               .limits = {.max_connections = 1}},
              {});
  Peer first = get(proxy);
  Peer server = upstream.accept();
  server.read_head();
  {
    Peer second = get(proxy);
    while (proxy.cluster_stats().active_requests.value() < 2) std::this_thread::yield();
  }
  while (proxy.cluster_stats().active_requests.value() > 1) std::this_thread::yield();
  server.send(kOk);
  EXPECT_THAT(first.read_message(), EndsWith("ok"));
  first.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(server.read_head(), StartsWith("GET /next "));
}

TEST(ClusterTest, ClosesAnIdleConnection) {
  Upstream upstream;
  Proxy proxy(
      {.name = "c", .endpoints = {{"127.0.0.1", upstream.port()}}, .idle_timeout = Milliseconds(1)},
      {});
  Peer client = get(proxy);
  Peer server = upstream.accept();
  server.read_head();
  server.send(kOk);
  client.read_message();
  EXPECT_TRUE(server.at_end());
}

TEST(ClusterTest, DropsAConnectionThatSpeaksUnasked) {
  Upstream upstream;
  Proxy proxy(upstream.port());
  Peer client = get(proxy);
  Peer server = upstream.accept();
  server.read_head();
  // The second response belongs to nobody: the next client must not get it.
  server.send(kOk + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  EXPECT_THAT(client.read_message(), EndsWith("ok"));
  EXPECT_TRUE(server.at_end());
  client.send(kGet);
  serve_one(upstream, client);
}

// What an HTTP/1 upstream may not answer.
class BadResponseTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadResponseTest, IsNotPassedOn) {
  Upstream upstream;
  Proxy proxy(upstream.port());
  Peer client = get(proxy);
  Peer server = upstream.accept();
  server.read_head();
  server.send(GetParam().second);
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 502 "));
  EXPECT_TRUE(server.at_end());
}

INSTANTIATE_TEST_SUITE_P(
    Cluster, BadResponseTest,
    ::testing::Values(
        std::pair("Garbage", "220 mail.example ESMTP\r\n"),
        std::pair("Status", "HTTP/1.1 099 Low\r\n\r\n"),
        std::pair("SwitchingProtocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
        std::pair("TwoLengths",
                  "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"),
        std::pair("LengthAndChunked",
                  "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"),
        std::pair("OtherCoding", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n"),
        std::pair("FoldedLine", "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n"),
        std::pair("BareCr", "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n")),
    [](const auto& parameter) { return std::string(parameter.param.first); });

// A response sink that keeps what it is told.
struct Recorder final : MessageSink {
  void headers(HeaderList headers, EndOfStream) override {
    result.set_value(std::string(headers.find(":status").value_or("")));
  }
  void data(Body, EndOfStream) override {}
  void trailers(HeaderList) override {}
  void abort(std::string_view reason) override { result.set_value(std::string(reason)); }
  std::promise<std::string> result;
};

class InvalidRequestTest : public ::testing::TestWithParam<bool> {};

// Requests come from plugins too.
TEST_P(InvalidRequestTest, IsAbortedLater) {
  Upstream upstream;
  Loop loop;
  Recorder response;
  std::unique_ptr<Cluster> cluster;
  std::unique_ptr<UpstreamExchange> exchange;
  const HeaderList headers{{":method", "GET"},
                           {":path", "/ HTTP/1.1\r\nx: y"},
                           {":scheme", "http"},
                           {":authority", "a"}};
  const bool http2 = GetParam();
  loop.run([&] {
    cluster = std::move(make_cluster(loop.io(), {.name = "c",
                                                 .endpoints = {{"127.0.0.1", upstream.port()}},
                                                 .http2 = http2}))
                  .value();
    exchange = cluster->open(response, nullptr, false);
    exchange->headers(headers, EndOfStream::Yes);
  });
  EXPECT_EQ(response.result.get_future().get(), "the request is not valid HTTP");
  loop.run([&] {
    exchange = nullptr;
    cluster = nullptr;
  });
}

INSTANTIATE_TEST_SUITE_P(Cluster, InvalidRequestTest, ::testing::Bool(), [](const auto& parameter) {
  return std::string(parameter.param ? "Http2" : "Http1");
});

}  // namespace
}  // namespace weir::serve::test

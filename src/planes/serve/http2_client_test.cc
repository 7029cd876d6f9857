// HTTP/1 from a client, through the proxy, to an HTTP/2 upstream, all on sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "planes/serve/http2_peer.h"

namespace weir::serve::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

ClusterSettings http2_cluster(uint16_t port) {
  return {.name = "upstream", .endpoints = {{"127.0.0.1", port}}, .http2 = true};
}

class Http2ClientTest : public ::testing::Test {
 protected:
  // A client's connection, with a request sent on it.
  Peer get(const std::string& path) {
    Peer client = Peer::connect(proxy.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client;
  }

  // The upstream's end of a connection that has served a request.
  Http2Peer warm_up() {
    Peer client = get("/warm-up");
    Http2Peer server = Http2Peer::accept(upstream);
    server.headers(server.read().id, {{":status", "200"}}, true);
    EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 200 "));
    return server;
  }

  static std::string path_of(const Frame& request) {
    for (const auto& [name, value] : request.fields) {
      if (name == ":path") return value;
    }
    return "";
  }

  Upstream upstream;
  Proxy proxy{http2_cluster(upstream.port()), {}};
};

TEST_F(Http2ClientTest, PassesARequestAndItsResponse) {
  Peer client = Peer::connect(proxy.port());
  client.send("GET /p HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\nTE: trailers\r\n\r\n");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  EXPECT_THAT(request.fields, ElementsAre(Pair(":method", "GET"), Pair(":scheme", "http"),
                                          Pair(":authority", "example.com"), Pair(":path", "/p"),
                                          Pair("x-one", "1"), Pair("te", "trailers")));
  EXPECT_TRUE(request.ends_stream());
  server.headers(request.id, {{":status", "200"}, {"content-length", "5"}, {"x-two", "2"}}, false);
  server.data(request.id, "hello", true);
  EXPECT_EQ(client.read_message(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-two: 2\r\n\r\nhello");
}

TEST_F(Http2ClientTest, PassesChunksAndTrailersBothWays) {
  Peer client = Peer::connect(proxy.port());
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  EXPECT_FALSE(request.ends_stream());
  EXPECT_EQ(server.read().payload, "abc");
  const Frame trailers = server.read();
  EXPECT_TRUE(trailers.ends_stream());
  EXPECT_THAT(trailers.fields, ElementsAre(Pair("x-sum", "3")));

  server.headers(request.id, {{":status", "200"}}, false);
  server.data(request.id, "hi", false);
  server.headers(request.id, {{"x-end", "y"}}, true);
  EXPECT_THAT(client.read_head(), HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "2\r\nhi\r\n0\r\nx-end: y\r\n\r\n");
}

TEST_F(Http2ClientTest, PassesInterimResponses) {
  Peer client = get("/");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  server.headers(request.id, {{":status", "103"}, {"link", "</x>"}}, false);
  EXPECT_EQ(client.read_head(), "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
  server.headers(request.id, {{":status", "204"}}, true);
  EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 204 "));
}

TEST_F(Http2ClientTest, SendsManyRequestsOnOneConnection) {
  Peer first = get("/1");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame one = server.read();
  Peer second = get("/2");
  const Frame two = server.read();
  EXPECT_EQ(path_of(two), "/2");
  server.headers(two.id, {{":status", "202"}}, true);
  server.headers(one.id, {{":status", "201"}}, true);
  EXPECT_THAT(first.read_message(), StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(second.read_message(), StartsWith("HTTP/1.1 202 "));
  EXPECT_EQ(proxy.cluster_stats().connections.value(), 1U);
}

TEST_F(Http2ClientTest, OpensAnotherConnectionBeyondTheUpstreamsLimit) {
  Peer first = get("/1");
  Http2Peer server =
      Http2Peer::accept(upstream, setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1));
  const Frame one = server.read();
  // The proxy has taken the limit once it has acknowledged it.
  server.read(NGHTTP2_SETTINGS);
  Peer second = get("/2");
  Http2Peer other = Http2Peer::accept(upstream);
  const Frame two = other.read();
  EXPECT_EQ(path_of(two), "/2");
  other.headers(two.id, {{":status", "202"}}, true);
  EXPECT_THAT(second.read_message(), StartsWith("HTTP/1.1 202 "));
  server.headers(one.id, {{":status", "201"}}, true);
  EXPECT_THAT(first.read_message(), StartsWith("HTTP/1.1 201 "));
}

TEST_F(Http2ClientTest, CancelsTheRequestOfAClientThatLeaves) {
  Peer client = get("/1");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  client.close();
  const Frame reset = server.read();
  EXPECT_EQ(reset.type, int{NGHTTP2_RST_STREAM});
  EXPECT_EQ(reset.id, request.id);
  EXPECT_EQ(reset.error(), uint32_t{NGHTTP2_CANCEL});
  // The connection serves on.
  Peer other = get("/2");
  EXPECT_EQ(path_of(server.read()), "/2");
}

// That is for retry policies; on a connection that has served before, too.
TEST_F(Http2ClientTest, SendsNothingTwiceWhereTheUpstreamResetsIt) {
  Http2Peer server = warm_up();
  for (const uint32_t error : {NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR,
                               NGHTTP2_HTTP_1_1_REQUIRED}) {
    Peer client = get("/1");
    server.reset(server.read().id, error);
    EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 503 "));
  }
  Peer next = get("/next");
  EXPECT_EQ(path_of(server.read()), "/next");
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 0U);
}

TEST_F(Http2ClientTest, SendsNothingTwiceWhereTheResponseIsMalformed) {
  Http2Peer server = warm_up();
  Peer client = get("/1");
  server.headers(server.read().id, {{":status", "200"}, {"x", "a\r\nb"}}, true);
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 0U);
}

TEST_F(Http2ClientTest, SendsARequestAgainWhoseConnectionTurnsOutClosed) {
  std::optional<Http2Peer> server(warm_up());
  Peer client = get("/1");
  server->read();
  server.reset();
  Http2Peer other = Http2Peer::accept(upstream);
  const Frame again = other.read();
  EXPECT_EQ(path_of(again), "/1");
  other.headers(again.id, {{":status", "200"}}, true);
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 1U);
}

// It says something of the request, which it may have acted on.
TEST_F(Http2ClientTest, SendsNothingTwiceWhereTheUpstreamHasSpokenSince) {
  std::optional<Http2Peer> server(warm_up());
  Peer client = get("/1");
  server->go_away(static_cast<uint32_t>(server->read().id));
  server.reset();
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 0U);
}

// That is for retry policies, as in Envoy.
TEST_F(Http2ClientTest, SendsNothingTwiceThatAGoawayLeavesOut) {
  Peer first = get("/1");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame one = server.read();
  Peer second = get("/2");
  server.read();
  server.go_away(static_cast<uint32_t>(one.id));
  EXPECT_THAT(second.read_message(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 0U);
  // The first request ends where it is, and its connection with it.
  server.headers(one.id, {{":status", "201"}}, true);
  EXPECT_THAT(first.read_message(), StartsWith("HTTP/1.1 201 "));
  EXPECT_EQ(server.read().type, -1);
}

TEST_F(Http2ClientTest, BreaksOffAResponseThatIsReset) {
  Peer client = get("/");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  server.headers(request.id, {{":status", "200"}, {"content-length", "100"}}, false);
  server.data(request.id, "only this", false);
  EXPECT_THAT(client.read_until("only this"), EndsWith("only this"));
  server.reset(request.id, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(proxy.cluster_stats().broken.value(), 1U);
}

TEST_F(Http2ClientTest, PassesAResponseThatComesBeforeTheRequestHasEnded) {
  Peer client = Peer::connect(proxy.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 1000\r\n\r\nstart");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  server.headers(request.id, {{":status", "413"}}, false);
  server.data(request.id, "big", true);
  server.reset(request.id, NGHTTP2_NO_ERROR);
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("big")));
}

TEST_F(Http2ClientTest, RefusesMalformedResponses) {
  for (const Fields& fields :
       {Fields{{"x", "no status"}}, Fields{{":status", "200"}, {"connection", "close"}},
        Fields{{":status", "200"}, {"x", "a\r\nb"}}, Fields{{":status", "200"}, {"X", "1"}}}) {
    Peer client = get("/");
    Http2Peer server = Http2Peer::accept(upstream);
    server.headers(server.read().id, fields, true);
    EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 502 "));
    server.go_away(0);
    EXPECT_EQ(server.read(NGHTTP2_GOAWAY).type, -1);
  }
}

TEST_F(Http2ClientTest, ASlowClientHoldsOnlyItsOwnStream) {
  const ClusterSettings windows;
  Peer slow = get("/slow");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame held = server.read();
  server.headers(held.id, {{":status", "200"}}, false);
  // More than the sockets and the proxy hold for a client that does not read, so that the window
  // of its stream stays closed.
  const std::string block(16'384, 'x');
  server.socket().set_timeout({.tv_sec = 1});
  int64_t stream_window = windows.http2_options.stream_window_bytes;
  int64_t connection_window = windows.http2_options.connection_window_bytes;
  size_t sent = 0;
  for (bool open = true; open && sent < 100'000'000;) {
    while (std::min(stream_window, connection_window) >= static_cast<int64_t>(block.size())) {
      server.data(held.id, block, false);
      stream_window -= static_cast<int64_t>(block.size());
      connection_window -= static_cast<int64_t>(block.size());
      sent += block.size();
    }
    const Frame update = server.read(NGHTTP2_WINDOW_UPDATE);
    open = update.type != -1;
    if (open) (update.id == 0 ? connection_window : stream_window) += update.number(0);
  }
  EXPECT_LT(sent, 30'000'000U);
  EXPECT_GT(connection_window, int64_t{windows.http2_options.stream_window_bytes});

  server.socket().set_timeout({.tv_sec = 10});
  Peer quick = get("/quick");
  const Frame other = server.read();
  server.headers(other.id, {{":status", "200"}, {"content-length", "2"}}, false);
  server.data(other.id, "ok", true);
  EXPECT_THAT(quick.read_message(), EndsWith("ok"));
}

TEST_F(Http2ClientTest, ASlowUpstreamHoldsTheClient) {
  constexpr size_t kMost = 100'000'000;
  Peer client = Peer::connect(proxy.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 100000000\r\n\r\n");
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame request = server.read();
  // The upstream opens no window.
  EXPECT_LT(client.send_until_full(std::string(100'000, 'x'), kMost), 30'000'000U);
  size_t received = 0;
  while (received < 65'535) received += server.read(NGHTTP2_DATA).payload.size();
  EXPECT_EQ(received, 65'535U);
}

TEST_F(Http2ClientTest, PassesTrailersBetweenTwoProxies) {
  // HTTP/2 on both ends of one connection: our client meets our server.
  Upstream last;
  Proxy second(last.port());
  Proxy first(http2_cluster(second.port()), {});
  Peer client = Peer::connect(first.port());
  client.send(
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n0\r\nX-T: 1\r\n\r\n");
  Peer server = last.accept();
  EXPECT_EQ(server.read_head(),
            "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
  EXPECT_EQ(server.read_until("\r\n\r\n"), "2\r\nab\r\n0\r\nx-t: 1\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-R: 2\r\n\r\n");
  EXPECT_THAT(client.read_head(), HasSubstr("200 OK"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "1\r\nx\r\n0\r\nx-r: 2\r\n\r\n");
}

}  // namespace
}  // namespace weir::serve::test

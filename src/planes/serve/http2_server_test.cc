// HTTP/2 from a client, through the proxy, to an HTTP/1 upstream, all on sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class Http2ServerTest : public ::testing::Test {
 protected:
  Upstream upstream;
  Proxy proxy{upstream.port()};
  Http2Peer client = Http2Peer::connect(proxy.port());
};

TEST_F(Http2ServerTest, PassesARequestAndItsResponse) {
  client.headers(1,
                 {{":method", "GET"},
                  {":path", "/p?q"},
                  {":scheme", "http"},
                  {":authority", "example.com"},
                  {"x-one", "1"}},
                 true);
  Peer server = upstream.accept();
  EXPECT_EQ(server.read_head(), "GET /p?q HTTP/1.1\r\nhost: example.com\r\nx-one: 1\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");

  const Frame head = client.read();
  EXPECT_EQ(head.type, NGHTTP2_HEADERS);
  EXPECT_THAT(head.fields, ElementsAre(Pair(":status", "200"), Pair("content-length", "5")));
  const Frame body = client.read();
  EXPECT_EQ(body.type, NGHTTP2_DATA);
  EXPECT_EQ(body.payload, "hello");
  EXPECT_TRUE(body.ends_stream());
}

TEST_F(Http2ServerTest, PassesABodyOfUnknownLengthAsChunks) {
  client.post(1);
  client.data(1, "abc", false);
  Peer server = upstream.accept();
  EXPECT_THAT(server.read_head(), HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(server.read_until("abc\r\n"), "3\r\nabc\r\n");
  client.data(1, "de", true);
  EXPECT_EQ(server.read_until("0\r\n\r\n"), "2\r\nde\r\n0\r\n\r\n");

  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
  EXPECT_THAT(client.read().fields, ElementsAre(Pair(":status", "200")));
  EXPECT_EQ(client.read_body(1), "hi");
}

TEST_F(Http2ServerTest, PassesTrailersBothWays) {
  client.post(1);
  client.data(1, "abc", false);
  client.headers(1, {{"x-sum", "3"}, {"host", "evil"}}, true);
  Peer server = upstream.accept();
  server.read_head();
  EXPECT_EQ(server.read_until("\r\n\r\n"), "3\r\nabc\r\n0\r\nx-sum: 3\r\n\r\n");

  server.send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-End: y\r\n\r\n");
  EXPECT_EQ(client.read().type, NGHTTP2_HEADERS);
  EXPECT_EQ(client.read().payload, "x");
  const Frame trailers = client.read();
  EXPECT_EQ(trailers.type, NGHTTP2_HEADERS);
  EXPECT_TRUE(trailers.ends_stream());
  EXPECT_THAT(trailers.fields, ElementsAre(Pair("x-end", "y")));
}

TEST_F(Http2ServerTest, PassesInterimResponses) {
  client.get(1);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
  EXPECT_THAT(client.read().fields, ElementsAre(Pair(":status", "103"), Pair("link", "</x>")));
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(client.read().fields, Contains(Pair(":status", "200")));
}

TEST_F(Http2ServerTest, JoinsTheCrumbsOfACookie) {
  client.headers(1,
                 {{":method", "GET"},
                  {":path", "/"},
                  {":scheme", "http"},
                  {":authority", "a"},
                  {"cookie", "a=1"},
                  {"cookie", "b=2"}},
                 true);
  EXPECT_THAT(upstream.accept().read_head(), HasSubstr("cookie: a=1; b=2\r\n"));
}

TEST_F(Http2ServerTest, TakesAHostInPlaceOfTheAuthority) {
  client.headers(1, {{":method", "GET"}, {":path", "/"}, {":scheme", "http"}, {"host", "h"}}, true);
  EXPECT_THAT(upstream.accept().read_head(), HasSubstr("\r\nhost: h\r\n"));
}

TEST_F(Http2ServerTest, SendsNoBodyToAHeadRequest) {
  client.headers(1, {{":method", "HEAD"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}},
                 true);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  const Frame head = client.read();
  EXPECT_TRUE(head.ends_stream());
  EXPECT_THAT(head.fields, Contains(Pair("content-length", "1000")));
}

TEST_F(Http2ServerTest, ServesAThousandRequestsAtATime) {
  Proxy wide({.name = "upstream", .endpoints = {{"127.0.0.1", upstream.port()}}},
             {.http2 = {.max_concurrent_streams = 1000}});
  Http2Peer many = Http2Peer::connect(wide.port());
  constexpr int kRequests = 1000;
  std::vector<Peer> servers;
  for (int i = 0; i < kRequests; ++i) {
    many.get(2 * i + 1, "/" + std::to_string(i));
    servers.push_back(upstream.accept());
  }
  EXPECT_EQ(wide.stats().active_requests.value(), 1000U);
  for (Peer& server : servers) {
    const std::string head = server.read_head();
    const std::string path = head.substr(4, head.find(" HTTP") - 4);
    server.send("HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(path.size()) + "\r\n\r\n" +
                path);
  }
  std::map<int32_t, std::string> bodies;
  while (bodies.size() < kRequests) {
    const Frame frame = many.read();
    ASSERT_NE(frame.type, -1);
    if (frame.type == NGHTTP2_DATA) bodies[frame.id] = frame.payload;
  }
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(bodies[2 * i + 1], "/" + std::to_string(i));
}

TEST_F(Http2ServerTest, RefusesAPathWithAFragment) {
  for (const auto& [id, path] : {std::pair(1, "/a#b"), std::pair(3, "/#"), std::pair(5, "/?a#")}) {
    client.get(id, path);
    EXPECT_THAT(client.read().fields, Contains(Pair(":status", "400"))) << path;
  }
}

TEST_F(Http2ServerTest, RefusesStreamsBeyondItsLimit) {
  Proxy narrow({.name = "upstream", .endpoints = {{"127.0.0.1", upstream.port()}}},
               {.http2 = {.max_concurrent_streams = 1}});
  Http2Peer one = Http2Peer::connect(narrow.port());
  // The client has not seen the limit yet: it is told to try again.
  one.get(1);
  one.get(3);
  const Frame refused = one.read();
  EXPECT_EQ(refused.type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(refused.id, 3);
  EXPECT_EQ(refused.error(), uint32_t{NGHTTP2_REFUSED_STREAM});
  // Now it has: this is an offence.
  one.get(5);
  EXPECT_EQ(one.read().type, int{NGHTTP2_GOAWAY});
}

TEST_F(Http2ServerTest, CancelsTheRequestThatTheClientResets) {
  client.get(1);
  client.get(3);
  Peer first = upstream.accept();
  Peer second = upstream.accept();
  if (first.read_head().empty() || second.read_head().empty()) FAIL();
  client.reset(1, NGHTTP2_CANCEL);
  EXPECT_TRUE(first.at_end());
  second.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(client.read_body(3), "ok");
}

TEST_F(Http2ServerTest, ResetsTheStreamWhenTheUpstreamBreaksOff) {
  client.get(1);
  {
    Peer server = upstream.accept();
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
  }
  EXPECT_EQ(client.read(NGHTTP2_RST_STREAM).error(), uint32_t{NGHTTP2_INTERNAL_ERROR});
}

TEST_F(Http2ServerTest, ResetsARequestWhoseResponseIsComplete) {
  client.post(1);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  EXPECT_THAT(client.read().fields, Contains(Pair(":status", "413")));
  EXPECT_EQ(client.read().payload, "big");
  const Frame reset = client.read();
  EXPECT_EQ(reset.type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(reset.error(), uint32_t{NGHTTP2_NO_ERROR});
}

TEST_F(Http2ServerTest, SendsNoMoreThanTheClientsWindow) {
  constexpr size_t kWindow = 65'535;
  client.get(1);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  size_t received = 0;
  while (received < kWindow) received += client.read(NGHTTP2_DATA).payload.size();
  EXPECT_EQ(received, kWindow);
  client.open_window(0, 200'000);
  client.open_window(1, 200'000);
  while (received < 200'000) {
    const Frame frame = client.read(NGHTTP2_DATA);
    ASSERT_NE(frame.type, -1);
    received += frame.payload.size();
  }
  EXPECT_EQ(received, 200'000U);
}

TEST_F(Http2ServerTest, StopsReadingTheUpstreamWhileTheClientsWindowIsClosed) {
  client.get(1);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n");
  EXPECT_LT(server.send_until_full(std::string(100'000, 'x'), 100'000'000), 30'000'000U);
}

TEST_F(Http2ServerTest, KeepsTheRequestsWindowClosedWhileTheUpstreamDoesNotRead) {
  client.post(1);
  Peer server = upstream.accept();
  server.read_head();
  const auto settings = client.read(NGHTTP2_SETTINGS);
  // The client sends as the windows allow, until they stay closed.
  const std::string block(16'384, 'x');
  int64_t stream_window = ListenerOptions().http2.stream_window_bytes;
  int64_t connection_window = 65'535;
  size_t sent = 0;
  timeval patience{.tv_sec = 1};
  for (bool open = true; open && sent < 100'000'000;) {
    while (std::min(stream_window, connection_window) >= static_cast<int64_t>(block.size())) {
      client.data(1, block, false);
      stream_window -= static_cast<int64_t>(block.size());
      connection_window -= static_cast<int64_t>(block.size());
      sent += block.size();
    }
    client.socket().set_timeout(patience);
    const Frame update = client.read(NGHTTP2_WINDOW_UPDATE);
    open = update.type != -1;
    if (open) (update.id == 0 ? connection_window : stream_window) += update.number(0);
  }
  EXPECT_LT(sent, 30'000'000U);
  // The upstream reads: the window opens.
  server.read(sent);
  client.socket().set_timeout({.tv_sec = 10});
  EXPECT_EQ(client.read(NGHTTP2_WINDOW_UPDATE).type, int{NGHTTP2_WINDOW_UPDATE});
}

TEST_F(Http2ServerTest, DrainsAfterTheRequestsUnderWay) {
  client.get(1);
  Peer server = upstream.accept();
  server.read_head();
  std::promise<void> drained;
  proxy.loop().run([&] { proxy.listener().drain([&] { drained.set_value(); }); });
  // A notice first: a request that was on its way is still served.
  EXPECT_EQ(client.read(NGHTTP2_GOAWAY).last_stream(), 0x7fffffffU);
  EXPECT_EQ(client.read(NGHTTP2_GOAWAY).last_stream(), 1U);
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(client.read_body(1), "ok");
  EXPECT_EQ(client.read().type, -1);
  drained.get_future().wait();
}

TEST_F(Http2ServerTest, AnswersHeadersThatAreTooLarge) {
  Fields fields{{":method", "GET"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}};
  for (int i = 0; i < 200; ++i) fields.emplace_back("x-" + std::to_string(i), "1");
  client.headers(1, fields, true);
  EXPECT_THAT(client.read().fields, Contains(Pair(":status", "431")));

  fields.resize(4);
  for (int i = 0; i < 7; ++i) fields.emplace_back("x", std::string(10'000, 'x'));
  client.headers(3, fields, true);
  EXPECT_THAT(client.read().fields, Contains(Pair(":status", "431")));

  client.get(5);
  EXPECT_THAT(upstream.accept().read_head(), StartsWith("GET /"));
}

TEST_F(Http2ServerTest, EndsAConnectionThatSpeaksNonsense) {
  client.send("this is not a frame, and too long for one");
  EXPECT_EQ(client.read(NGHTTP2_GOAWAY).type, int{NGHTTP2_GOAWAY});
  EXPECT_EQ(client.read().type, -1);
}

TEST_F(Http2ServerTest, EndsAConnectionWithoutASettingsFrame) {
  Peer peer = Peer::connect(proxy.port());
  peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_PING, 0, 0, "12345678"));
  peer.read_all();
  EXPECT_EQ(proxy.stats().requests.value(), 0U);
}

// What HTTP/2 calls malformed: the stream is reset and nothing reaches an upstream.
struct Malformed {
  const char* name;
  Fields fields;
};

class MalformedTest : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedTest, IsReset) {
  Upstream upstream;
  Proxy proxy(upstream.port());
  Http2Peer client = Http2Peer::connect(proxy.port());
  client.headers(1, GetParam().fields, true);
  const Frame answer = client.read();
  EXPECT_EQ(answer.type, int{NGHTTP2_RST_STREAM});
  EXPECT_EQ(proxy.cluster_stats().requests.value(), 0U);
}

const Fields kGetFields{
    {":method", "GET"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}};

Fields get_and(const std::string& name, const std::string& value) {
  Fields fields = kGetFields;
  fields.emplace_back(name, value);
  return fields;
}

INSTANTIATE_TEST_SUITE_P(
    Http2, MalformedTest,
    ::testing::Values(
        Malformed{"NoPath", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}},
        Malformed{"NoAuthority", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}},
        Malformed{"RelativePath",
                  {{":method", "GET"}, {":path", "x"}, {":scheme", "http"}, {":authority", "a"}}},
        Malformed{"PathWithBreak",
                  {{":method", "GET"},
                   {":path", "/ HTTP/1.1\r\nx: y"},
                   {":scheme", "http"},
                   {":authority", "a"}}},
        Malformed{
            "MethodWithSpace",
            {{":method", "GET /x"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}}},
        Malformed{"TwoPaths", get_and(":path", "/2")}, Malformed{"UpperCase", get_and("X-Up", "1")},
        Malformed{"Connection", get_and("connection", "close")},
        Malformed{"TransferEncoding", get_and("transfer-encoding", "chunked")},
        Malformed{"Te", get_and("te", "gzip")},
        Malformed{"LineBreakInValue", get_and("x", "a\r\nb: c")},
        Malformed{"NulInValue", get_and("x", std::string("a\0b", 3))},
        Malformed{"SpaceInName", get_and("x y", "1")},
        Malformed{"LengthWithoutBody", get_and("content-length", "5")},
        Malformed{"TwoLengths",
                  {{":method", "GET"},
                   {":path", "/"},
                   {":scheme", "http"},
                   {":authority", "a"},
                   {"content-length", "0"},
                   {"content-length", "0"}}}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(Http2ServerTest, ResetsABodyThatIsNotAsLongAsItSays) {
  client.post(1, {{"content-length", "5"}});
  client.data(1, "abc", true);
  EXPECT_EQ(client.read().type, int{NGHTTP2_RST_STREAM});
  client.post(3, {{"content-length", "5"}});
  client.data(3, "abcdef", false);
  EXPECT_EQ(client.read().type, int{NGHTTP2_RST_STREAM});
}

TEST_F(Http2ServerTest, SurvivesAFloodOfResets) {
  // Each request is reset at once; nghttp2 ends the connection when it has seen enough.
  for (int i = 0; i < 5000; ++i) {
    client.get(2 * i + 1);
    client.reset(2 * i + 1, NGHTTP2_CANCEL);
  }
  EXPECT_NE(client.read(NGHTTP2_GOAWAY).type, int{NGHTTP2_DATA});
  proxy.loop().run([] {});
  EXPECT_EQ(proxy.stats().active_requests.value(), 0U);
}

}  // namespace
}  // namespace weir::serve::test

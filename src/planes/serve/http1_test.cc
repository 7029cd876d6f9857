// HTTP/1 from a client through the proxy to an upstream, all on sockets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/loopback.h"

namespace weir::serve::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Http1Test : public ::testing::Test {
 protected:
  Upstream upstream;
  Proxy proxy{upstream.port()};
  Peer client = Peer::connect(proxy.port());
};

TEST_F(Http1Test, PassesARequestAndItsResponse) {
  client.send("GET /path?q=1 HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_EQ(server.read_head(), "GET /path?q=1 HTTP/1.1\r\nhost: example.com\r\nx-one: 1\r\n\r\n");
  server.send("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Two: 2\r\n\r\nhello");
  EXPECT_EQ(client.read_message(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-two: 2\r\n\r\nhello");
}

TEST_F(Http1Test, KeepsBothConnections) {
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  for (int i = 1; i < 10; ++i) {
    EXPECT_THAT(server.read_head(), StartsWith("GET /" + std::to_string(i) + " "));
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" + std::to_string(i));
    EXPECT_THAT(client.read_message(), EndsWith("\r\n" + std::to_string(i)));
    client.send("GET /" + std::to_string(i + 1) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_EQ(proxy.cluster_stats().connections.value(), 1U);
  EXPECT_EQ(proxy.stats().connections.value(), 1U);
}

TEST_F(Http1Test, AnswersPipelinedRequestsInOrder) {
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  for (const char* path : {"/1", "/2", "/3"}) {
    EXPECT_THAT(server.read_message(), HasSubstr(std::string(" ") + path + " HTTP/1.1"));
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" + std::string(path));
  }
  for (const char* path : {"/1", "/2", "/3"}) EXPECT_THAT(client.read_message(), EndsWith(path));
}

TEST_F(Http1Test, ClosesWhenTheClientAsksForIt) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_THAT(server.read_head(), Not(HasSubstr("connection")));
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  EXPECT_THAT(client.read_message(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client.at_end());
}

TEST_F(Http1Test, AnswersAnHttp10ClientWithoutChunks) {
  client.send("GET / HTTP/1.0\r\n\r\n");
  Peer server = upstream.accept();
  // It told no host: this is what it connected to.
  EXPECT_THAT(server.read_head(), StartsWith("GET / HTTP/1.1\r\nhost: 127.0.0.1:"));
  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_all(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc");
}

TEST_F(Http1Test, KeepsAnHttp10ConnectionThatAsksForIt) {
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    if (i == 0) continue;
  }
  Peer server = upstream.accept();
  for (int i = 0; i < 2; ++i) {
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    EXPECT_THAT(client.read_message(), AllOf(HasSubstr("connection: keep-alive"), EndsWith("ok")));
  }
}

TEST_F(Http1Test, SendsNoBodyToAHeadRequest) {
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_THAT(server.read_head(), StartsWith("HEAD "));
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(server.read_head(), StartsWith("GET "));
}

TEST_F(Http1Test, KnowsResponsesWithoutABody) {
  Peer server = [&] {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    return upstream.accept();
  }();
  server.read_head();
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 204 No Content\r\n\r\n");

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.read_head();
  server.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: x\r\n\r\n");
  EXPECT_EQ(client.read_head(),
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\netag: x\r\n\r\n");

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(server.read_head(), StartsWith("GET "));
}

TEST_F(Http1Test, PassesChunksAndTrailersBothWays) {
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\nContent-Type: no\r\nHost: evil\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_THAT(server.read_head(), HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(server.read_until("\r\n\r\n"),
            "5\r\nabcde\r\n0\r\nx-sum: 5\r\ncontent-type: no\r\n\r\n");

  server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  EXPECT_THAT(client.read_head(), HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(client.read_until("x\r\n"), "1\r\nx\r\n");
  server.send("0\r\nX-End: yes\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "0\r\nx-end: yes\r\n\r\n");
}

// Beast asserted that the last chunk comes in pieces of a certain size; found by the fuzzer.
TEST_F(Http1Test, TakesALastChunkInAnyPieces) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  for (char c : std::string_view("0\r\n\r\n")) {
    client.send({&c, 1});
    proxy.loop().run([] {});
  }
  EXPECT_EQ(server.read_until("\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(Http1Test, PassesInterimResponses) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_THAT(server.read_head(), HasSubstr("expect: 100-continue\r\n"));
  server.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(server.read(2), "hi");
  server.send(
      "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n"
      "content-length: 2\r\n\r\nok");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
  EXPECT_EQ(client.read_message(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}

TEST_F(Http1Test, ClosesAfterRefusingAnExpectedBody) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n");
  EXPECT_THAT(client.read_all(),
              AllOf(StartsWith("HTTP/1.1 417 "), HasSubstr("connection: close")));
}

// There is a blank behind it (RFC 9112, section 4); but some upstreams leave it out.
TEST_F(Http1Test, TakesAStatusLineWithoutAReason) {
  client.send(kGet);
  Peer server = upstream.accept();
  for (const std::string status : {"200", "200 "}) {
    server.read_head();
    const std::string text =
        "HTTP/1.1 100\r\n\r\nHTTP/1.1 " + status + "\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\nhello";
    if (status == "200") {
      for (const char& c : text) server.send({&c, 1});
    } else {
      server.send(text);
    }
    EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 100 "));
    EXPECT_EQ(client.read_message(),
              "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-two: 2\r\n\r\nhello");
    client.send(kGet);
  }
  server.read_head();
  server.send("HTTP/1.1 204\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(Http1Test, StillRefusesALineFoldedBehindAStatusWithoutAReason) {
  client.send(kGet);
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 200\r\nX-Two: 2\r\n\t3\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 502 "));
}

TEST_F(Http1Test, TakesABodyThatEndsWithTheConnection) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    Peer server = upstream.accept();
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\n\r\nall of it");
  }
  EXPECT_EQ(client.read_message(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n");
}

TEST_F(Http1Test, RemovesHopByHopFields) {
  client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive, content-length\r\n"
      "Keep-Alive: 5\r\nX-Mine: 1\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTE: gzip\r\n"
      "Content-Length: 1\r\n\r\nZ");
  Peer server = upstream.accept();
  EXPECT_EQ(server.read_message(), "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nZ");
  server.send("HTTP/1.1 200 OK\r\nConnection: X-Own\r\nX-Own: 1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_message(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST_F(Http1Test, TurnsAnAbsoluteTargetIntoPathAndHost) {
  client.send("GET http://real.example:81/p?x HTTP/1.1\r\nHost: other\r\n\r\n");
  Peer server = upstream.accept();
  EXPECT_EQ(server.read_head(), "GET /p?x HTTP/1.1\r\nhost: real.example:81\r\n\r\n");
}

TEST_F(Http1Test, EndsTheResponseOfAnUpstreamThatBreaksOff) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    Peer server = upstream.accept();
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
  }
  EXPECT_THAT(client.read_all(), EndsWith("only this"));
  EXPECT_EQ(proxy.cluster_stats().broken.value(), 1U);
}

TEST_F(Http1Test, DoesNotEndTheChunksOfAnUpstreamThatBreaksOff) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    Peer server = upstream.accept();
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n");
  }
  EXPECT_THAT(client.read_all(), EndsWith("2\r\nab\r\n"));
}

TEST_F(Http1Test, SaysSoWhenTheUpstreamIsNotThere) {
  Proxy lonely(1);
  Peer other = Peer::connect(lonely.port());
  other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(other.read_message(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("refused")));
  EXPECT_EQ(lonely.cluster_stats().connect_failures.value(), 1U);
}

TEST_F(Http1Test, CancelsTheRequestOfAClientThatLeaves) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  client.close();
  EXPECT_TRUE(server.at_end());
}

TEST_F(Http1Test, SendsARequestAgainWhenAKeptConnectionHasClosed) {
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer first = upstream.accept();
  first.read_head();
  first.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  client.read_message();

  // The upstream takes the request and closes without a word.
  client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(first.read_head(), StartsWith("GET /2 "));
  first.close();
  Peer second = upstream.accept();
  EXPECT_THAT(second.read_head(), StartsWith("GET /2 "));
  second.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2");
  EXPECT_THAT(client.read_message(), EndsWith("2"));
  EXPECT_EQ(proxy.cluster_stats().retries.value(), 1U);
}

TEST_F(Http1Test, DoesNotSendAPostAgain) {
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer first = upstream.accept();
  first.read_head();
  first.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  client.read_message();

  client.send("POST /2 HTTP/1.1\r\nHost: a\r\ncontent-length: 1\r\n\r\nx");
  EXPECT_THAT(first.read_message(), StartsWith("POST /2 "));
  first.close();
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 503 "));
}

TEST_F(Http1Test, TakesAFreshConnectionForAPostWhenTheKeptOneIsClosed) {
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  {
    Peer first = upstream.accept();
    first.read_head();
    first.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    client.read_message();
  }
  client.send("POST /2 HTTP/1.1\r\nHost: a\r\ncontent-length: 1\r\n\r\nx");
  Peer second = upstream.accept();
  EXPECT_THAT(second.read_message(), EndsWith("x"));
  second.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n2");
  EXPECT_THAT(client.read_message(), EndsWith("2"));
}

TEST_F(Http1Test, PassesAResponseThatComesBeforeTheRequestHasEnded) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 1000000\r\n\r\nstart");
  Peer server = upstream.accept();
  server.read_until("start");
  server.send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("big")));
}

TEST_F(Http1Test, PassesAnEarlyResponseOfAnUpstreamThatClosesAtOnce) {
  client.send("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 100000000\r\n\r\n");
  {
    Peer server = upstream.accept();
    server.read_head();
    server.send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  }
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("big")));
}

TEST_F(Http1Test, StopsReadingWhileTheUpstreamDoesNotRead) {
  constexpr size_t kMost = 100'000'000;
  client.send("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 100000000\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  const std::string block(100'000, 'x');
  const size_t taken = client.send_until_full(block, kMost);
  // What the sockets' own buffers hold on both sides, and the proxy's.
  EXPECT_LT(taken, 30'000'000U);

  std::thread rest([&] {
    std::string more(kMost - taken, 'x');
    client.send(more);
  });
  size_t received = 0;
  while (received < kMost) {
    const std::string part = server.read(std::min<size_t>(1'000'000, kMost - received));
    if (part.empty()) break;
    received += part.size();
  }
  rest.join();
  EXPECT_EQ(received, kMost);
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_THAT(client.read_message(), EndsWith("ok"));
}

TEST_F(Http1Test, StopsReadingWhileTheClientDoesNotRead) {
  constexpr size_t kMost = 100'000'000;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n");
  const std::string block(100'000, 'x');
  const size_t taken = server.send_until_full(block, kMost);
  EXPECT_LT(taken, 30'000'000U);

  std::thread rest([&] {
    std::string more(kMost - taken, 'x');
    server.send(more);
  });
  client.read_head();
  size_t received = 0;
  while (received < kMost) {
    const std::string part = client.read(std::min<size_t>(1'000'000, kMost - received));
    if (part.empty()) break;
    received += part.size();
  }
  rest.join();
  EXPECT_EQ(received, kMost);
}

TEST_F(Http1Test, DrainsAfterTheRequestUnderWay) {
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  Peer idle = Peer::connect(proxy.port());
  std::promise<void> drained;
  proxy.loop().run([&] { proxy.listener().drain([&] { drained.set_value(); }); });
  EXPECT_TRUE(idle.at_end());
  server.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_THAT(client.read_message(), AllOf(HasSubstr("connection: close"), EndsWith("ok")));
  EXPECT_TRUE(client.at_end());
  client.close();
  drained.get_future().wait();
  EXPECT_EQ(proxy.stats().active_connections.value(), 0U);
}

// What must not reach an upstream, and the status that says so.
struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

class BadRequestTest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(BadRequestTest, IsRefused) {
  Upstream upstream;
  Proxy proxy(upstream.port());
  Peer client = Peer::connect(proxy.port());
  client.send(GetParam().bytes);
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 " + std::to_string(GetParam().status)),
                                       HasSubstr("connection: close\r\n")));
  EXPECT_EQ(proxy.stats().bad_requests.value(), 1U);
}

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

std::string many_headers() {
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "x-" + std::to_string(i) + ": 1\r\n";
  return fields;
}

INSTANTIATE_TEST_SUITE_P(
    Http1, BadRequestTest,
    ::testing::Values(
        BadRequest{"Garbage", "\x16\x03\x01 nonsense\r\n\r\n", 400},
        BadRequest{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        BadRequest{"TwoHosts", get("Host: b\r\n"), 400},
        BadRequest{"BadHost", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        BadRequest{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        BadRequest{"RelativeTarget", "GET path HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"Fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        BadRequest{"Connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        BadRequest{"Version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        BadRequest{"LengthAndChunked", get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                   400},
        BadRequest{"ChunkedAndLength", get("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
                   400},
        BadRequest{"TwoLengths", get("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        BadRequest{"SameLengthTwice", get("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        BadRequest{"ListOfLengths", get("Content-Length: 3, 3\r\n"), 400},
        BadRequest{"SignedLength", get("Content-Length: +3\r\n"), 400},
        BadRequest{"HugeLength", get("Content-Length: 99999999999999999999\r\n"), 400},
        BadRequest{"OtherCoding", get("Transfer-Encoding: gzip, chunked\r\n"), 501},
        BadRequest{"ChunkedTwice",
                   get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        BadRequest{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        BadRequest{"FoldedLine", get("X: a\r\n b\r\n"), 400},
        BadRequest{"FoldedEmptyLine", get("X:\r\n b\r\n"), 400},
        BadRequest{"BareLf", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 400},
        BadRequest{"BareLfInFields", get("X: a\nY: b\r\n"), 400},
        BadRequest{"BareCr", get("X: a\rY: b\r\n"), 400},
        BadRequest{"Nul", get(std::string_view("X: a\0b\r\n", 8)), 400},
        BadRequest{"SpaceBeforeColon", get("X : a\r\n"), 400},
        BadRequest{"EmptyName", get(": a\r\n"), 400},
        BadRequest{"TooManyHeaders", get(many_headers()), 431},
        BadRequest{"TooLargeHeader", get("X: " + std::string(70'000, 'x') + "\r\n"), 431},
        BadRequest{"EndlessHeader", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x'),
                   431},
        BadRequest{"EndlessTarget", "GET /" + std::string(70'000, 'x'), 431}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

// What nobody in front of this proxy can have decrypted.
TEST(Http1SchemeTest, HttpsInTheClearIsRefusedWhereTheConnectionTells) {
  Upstream upstream;
  Proxy proxy({.name = "upstream", .endpoints = {{"127.0.0.1", upstream.port()}}},
              {.checks_scheme = true});
  Peer client = Peer::connect(proxy.port());
  client.send("GET HTTP://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(client.read_head(), StartsWith("HTTP/1.1 204 "));
  client.send("GET HTTPS://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 403 "));
}

// A fault in the body: the request is already under way.
class BadBodyTest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(BadBodyTest, BreaksOffTheRequest) {
  Upstream upstream;
  Proxy proxy(upstream.port());
  Peer client = Peer::connect(proxy.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  Peer server = upstream.accept();
  server.read_head();
  client.send(GetParam().bytes);
  EXPECT_THAT(server.read_all(), Not(HasSubstr("0\r\n\r\n")));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 " + std::to_string(GetParam().status)));
}

INSTANTIATE_TEST_SUITE_P(
    Http1, BadBodyTest,
    ::testing::Values(BadRequest{"NotHex", "xyz\r\n", 400}, BadRequest{"Negative", "-1\r\n", 400},
                      BadRequest{"TooLarge", "fffffffffffffffff\r\n", 400},
                      BadRequest{"NoCrlfAfterChunk", "1\r\nabc\r\n", 400},
                      BadRequest{"BareLf", "1\na\r\n0\r\n\r\n", 400},
                      BadRequest{"BadExtension", "1;=\r\na\r\n", 400},
                      BadRequest{"EndlessExtension", "1;a=" + std::string(70'000, 'x'), 431},
                      BadRequest{"BadTrailer", "0\r\nX : y\r\n\r\n", 400},
                      BadRequest{"EndlessTrailers", "0\r\nX: " + std::string(70'000, 'y'), 431}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace weir::serve::test

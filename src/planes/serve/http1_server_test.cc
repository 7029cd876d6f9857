// The codec towards a client of HTTP/1, where time passes or a request is none.

#include "planes/serve/http1_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "planes/serve/codec_fakes.h"

namespace weir::serve::test {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RefusalNotes final : public ExchangeFactory {
 public:
  Exchange& make_exchange(ClientStream& client) override { return echo_.make_exchange(client); }
  void note_refusal(const RequestInfo&, const Refusal& refusal) override {
    notes.push_back(std::to_string(refusal.status) + " " + std::string(refusal.details));
  }
  void introduce_proxy(HeaderList& response) override {
    EXPECT_TRUE(response.add("server", "weir"));
  }

  std::vector<std::string> notes;

 private:
  EchoFactory echo_;
};

class Http1ServerTest : public ::testing::Test {
 protected:
  ~Http1ServerTest() override { codec.disconnected(Disconnect::Broken, "the test is over"); }

  // As one read, after which nothing is sent yet.
  void receive(std::string_view bytes) {
    const auto room = input.prepare();
    ASSERT_LE(bytes.size(), room.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    input.commit(bytes.size());
    codec.receive(input);
  }

  RefusalNotes factory;
  ConnectionInfo connection;
  ListenerOptions options;
  ListenerStats stats;
  MemoryCarrier carrier;
  ReadBuffer input;
  Http1Server codec{ServerCodecContext{.carrier = carrier,
                                       .factory = factory,
                                       .connection = connection,
                                       .options = options,
                                       .stats = stats}};
};

constexpr std::string_view kUnfinished =
    "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";

TEST_F(Http1ServerTest, DoesNotKeepAResponseThatNobodyTakes) {
  options.stream_timeout = seconds(300);
  receive(kUnfinished);
  const CoarseTime start{seconds(1'000)};
  codec.sweep(start);
  for (int i = 1; i <= 300; ++i) {
    receive("x");  // makes up for nothing
    codec.sweep(start + seconds(i));
  }
  EXPECT_FALSE(codec.output().empty());
  codec.sweep(start + seconds(301));
  codec.sent();
  EXPECT_TRUE(codec.output().empty());
  EXPECT_EQ(codec.ending(), Ending::Close);
  EXPECT_EQ(codec.active(), 0U);
}

TEST_F(Http1ServerTest, WaitsForAClientThatTakesAResponseSlowly) {
  options.stream_timeout = seconds(300);
  receive(kUnfinished);
  CoarseTime now{seconds(1'000)};
  for (int i = 0; i < 10; ++i, now += seconds(200)) {
    codec.sweep(now);
    codec.output().drop_front(1);
    codec.sent();
  }
  codec.sweep(now);
  EXPECT_FALSE(codec.output().empty());
  EXPECT_EQ(codec.ending(), Ending::Open);
}

TEST_F(Http1ServerTest, TellsWhatItRefuses) {
  receive("GET / HTTP/1.1\r\nHost: a\r\nx y: z\r\n\r\n");
  EXPECT_THAT(factory.notes, ElementsAre("400 http1.codec_error{bad header name}"));
  EXPECT_EQ(stats.requests.value(), 1U);
  EXPECT_EQ(stats.bad_requests.value(), 1U);
  std::string answer(codec.output().size(), ' ');
  codec.output().copy_to(0, std::as_writable_bytes(std::span(answer)));
  EXPECT_THAT(answer, HasSubstr("server: weir\r\n"));
}

TEST_F(Http1ServerTest, TellsWhoIsTooSlow) {
  receive("GET / HTTP");
  codec.head_timed_out();
  EXPECT_THAT(factory.notes, ElementsAre("408 request_header_timeout"));
}

TEST_F(Http1ServerTest, ARequestThatHasBegunIsItsExchanges) {
  receive("POST /silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n");
  EXPECT_THAT(factory.notes, IsEmpty());
  EXPECT_EQ(stats.requests.value(), 1U);
}

// Answers of any kind that come before the request has: the next request was lost, where they had
// a body and so did not tell that the connection ends.
class EarlyAnswerTest : public Http1ServerTest {
 protected:
  std::string exchange(std::string_view bytes, size_t piece = 1000) {
    return carrier.exchange(codec, bytes, piece);
  }
  static std::string head(std::string_view path, std::string_view length) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(length) +
           "\r\n\r\n";
  }
  static std::string request(std::string_view path) {
    return head(path, "Content-Length: 10") + "0123456789";
  }

  const std::string kChunked = "Transfer-Encoding: chunked";
  const std::string kRefusal = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n";
};

TEST_F(EarlyAnswerTest, TheNextRequestIsAnsweredWhereTheRestIsShort) {
  for (const size_t piece : {1U, 7U, 68U, 1000U}) {
    const std::string answers =
        exchange(request("/refuse") + request("/early") + request("/refuse"), piece);
    EXPECT_EQ(answers, kRefusal + "\r\nno" + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" +
                           kRefusal + "\r\nno")
        << piece;
  }
  EXPECT_EQ(codec.ending(), Ending::Open);
  EXPECT_EQ(stats.active_requests.value(), 0U);
}

TEST_F(EarlyAnswerTest, TheNextRequestIsAnsweredWhereTheAnswerIsNotTakenYet) {
  receive(head("/refuse", "Content-Length: 10"));
  receive("0123456789");
  EXPECT_EQ(exchange(request("/refuse")), kRefusal + "\r\nno" + kRefusal + "\r\nno");
}

TEST_F(EarlyAnswerTest, TellsThatTheConnectionEndsWhereTheRestIsLong) {
  EXPECT_THAT(exchange(head("/refuse", "Content-Length: 65537")),
              HasSubstr("connection: close\r\n"));
  EXPECT_EQ(codec.ending(), Ending::Linger);
  exchange(std::string(65537, 'x'));
  EXPECT_EQ(codec.ending(), Ending::Linger);
}

TEST_F(EarlyAnswerTest, TellsThatTheConnectionEndsWhereNobodyKnowsHowLongTheRestIs) {
  EXPECT_THAT(exchange(head("/refuse", kChunked)), HasSubstr("connection: close\r\n"));
  EXPECT_EQ(codec.ending(), Ending::Linger);
}

TEST_F(EarlyAnswerTest, DoesNotWaitLongForTheRest) {
  exchange(head("/refuse", "Content-Length: 10"));
  const CoarseTime start{seconds(1'000)};
  codec.sweep(start);
  exchange("01234");
  codec.sweep(start + seconds(30));
  EXPECT_EQ(codec.ending(), Ending::Open);
  codec.sweep(start + seconds(31));
  EXPECT_EQ(codec.ending(), Ending::Linger);
}

TEST_F(EarlyAnswerTest, EachRestHasItsTime) {
  CoarseTime now{seconds(1'000)};
  for (int i = 0; i < 10; ++i, now += seconds(20)) {
    exchange(head("/refuse", "Content-Length: 10"));
    codec.sweep(now);
    exchange("0123456789");
  }
  EXPECT_EQ(codec.ending(), Ending::Open);
}

TEST_F(EarlyAnswerTest, ADrainDoesNotWaitForTheRest) {
  exchange(head("/refuse", "Content-Length: 10"));
  codec.drain();
  EXPECT_EQ(codec.ending(), Ending::Linger);
}

}  // namespace
}  // namespace weir::serve::test

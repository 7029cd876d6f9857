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

}  // namespace
}  // namespace weir::serve::test

// Clients that send what nobody means well by, against the server's codec alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/codec_fakes.h"
#include "planes/serve/http2_peer.h"
#include "planes/serve/server_codec.h"

namespace weir::serve::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Fields kPlainGet{
    {":method", "GET"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}};

// The end of a GOAWAY: the code in its last bytes.
std::string goaway(uint32_t code) { return big_endian(code, 4); }

class Http2FloodTest : public ::testing::Test {
 protected:
  ~Http2FloodTest() override { codec_->disconnected(Disconnect::EndOfInput, "the test ends"); }

  void start(const config::Http2Options& options = {},
             const config::ConnectionLimits& limits = {}) {
    if (codec_ != nullptr) codec_->disconnected(Disconnect::EndOfInput, "another one begins");
    options_.http2 = options;
    options_.limits = limits;
    codec_ = make_http2_server({.carrier = carrier_,
                                .factory = factory_,
                                .connection = connection_,
                                .options = options_,
                                .stats = stats});
    send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_SETTINGS, 0, 0));
  }

  // What the codec answers to a client that reads all of it.
  std::string send(std::string_view bytes) { return carrier_.exchange(*codec_, bytes, 4096); }

  static std::string request(int32_t id, bool end = true) {
    return frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (end ? NGHTTP2_FLAG_END_STREAM : 0),
                 id, block(kPlainGet));
  }

  // To a client that reads nothing.
  void send_unread(std::string_view bytes) {
    ReadBuffer input;
    while (!bytes.empty()) {
      const auto room = input.prepare();
      const size_t n = std::min({bytes.size(), room.size(), size_t{4096}});
      std::memcpy(room.data(), bytes.data(), n);
      input.commit(n);
      bytes.remove_prefix(n);
      if (codec_->ending() != Ending::Open) return;
      codec_->receive(input);
      codec_->output();
      codec_->sent();
    }
  }

  bool goes_on() {
    const std::string pong = send(frame(NGHTTP2_PING, 0, 0, "sound ok"));
    return codec_->ending() == Ending::Open && pong.find("sound ok") != std::string::npos;
  }

  void sweep_after(Milliseconds time) {
    now_ += time;
    codec_->sweep(now_);
  }

  ListenerOptions options_;
  ListenerStats stats;
  std::unique_ptr<Codec> codec_;

 private:
  MemoryCarrier carrier_;
  EchoFactory factory_;
  ConnectionInfo connection_;
  CoarseTime now_ = CoarseTime{} + std::chrono::hours(1);
};

std::string repeat(int times, const std::string& text) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST_F(Http2FloodTest, EndsAConnectionOfEmptyData) {
  start();
  send(request(1, false) + frame(NGHTTP2_DATA, 0, 1));
  EXPECT_TRUE(goes_on());
  EXPECT_THAT(send(frame(NGHTTP2_DATA, 0, 1)), HasSubstr(goaway(NGHTTP2_ENHANCE_YOUR_CALM)));
  EXPECT_EQ(codec_->ending(), Ending::Linger);
  EXPECT_EQ(codec_->active(), 0U);
  EXPECT_EQ(stats.http2.empty_frames_flood.value(), 1U);
  EXPECT_EQ(stats.http2.sent_goaways.value(), 1U);
}

TEST_F(Http2FloodTest, KnowsPaddingFromData) {
  start();
  const std::string padding =
      frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\x03\0\0\0", 4));
  const std::string data = frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\x02x\0\0", 4));
  send(request(1, false) + repeat(5, padding + data));
  EXPECT_TRUE(goes_on());
  send(padding + padding);
  EXPECT_EQ(stats.http2.empty_frames_flood.value(), 1U);
}

TEST_F(Http2FloodTest, LetsDataBetweenEmptyFramesPass) {
  start();
  send(request(1, false) + repeat(100, frame(NGHTTP2_DATA, 0, 1) + frame(NGHTTP2_DATA, 0, 1, "x")));
  EXPECT_TRUE(goes_on());
}

TEST_F(Http2FloodTest, EndsAConnectionOfEmptyContinuations) {
  start();
  send(frame(NGHTTP2_HEADERS, 0, 1, block(kPlainGet)) + frame(NGHTTP2_CONTINUATION, 0, 1) +
       frame(NGHTTP2_CONTINUATION, 0, 1));
  EXPECT_EQ(codec_->ending(), Ending::Linger);
  EXPECT_EQ(stats.http2.empty_frames_flood.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAHeaderBlockThatDoesNotEnd) {
  start();
  const std::string piece = frame(NGHTTP2_CONTINUATION, 0, 1, block({{"x", "1"}}));
  EXPECT_THAT(send(frame(NGHTTP2_HEADERS, 0, 1, block(kPlainGet)) + repeat(50, piece)),
              HasSubstr(goaway(NGHTTP2_ENHANCE_YOUR_CALM)));
  EXPECT_EQ(codec_->ending(), Ending::Linger);
}

TEST_F(Http2FloodTest, EndsAHeaderBlockThatBecomesTooLarge) {
  start();
  // An entry of 4000 bytes, by one byte each from then on.
  const std::string bomb =
      "\x40" + block({{"x", std::string(3'900, 'x')}}).substr(1) + std::string(10'000, '\xbe');
  EXPECT_THAT(send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block(kPlainGet) + bomb)),
              HasSubstr(goaway(NGHTTP2_ENHANCE_YOUR_CALM)));
  EXPECT_EQ(stats.http2.header_overflow.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAConnectionOfPriorities) {
  start({.max_priority_frames_per_stream = 10});
  const std::string priority = frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5));
  send(repeat(10, priority));
  EXPECT_TRUE(goes_on());
  send(request(1) + repeat(10, priority));
  EXPECT_TRUE(goes_on());
  send(priority);
  EXPECT_EQ(codec_->ending(), Ending::Linger);
  EXPECT_EQ(stats.http2.priority_frames_flood.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAConnectionOfWindowUpdates) {
  start({.max_window_updates_per_data_frame = 1});
  const std::string update = frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(1, 4));
  send(repeat(5, update));
  EXPECT_TRUE(goes_on());
  // A request, and the frame of DATA that answers its body, are worth two each.
  send(request(1, false) + frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x"));
  send(repeat(4, update));
  EXPECT_TRUE(goes_on());
  send(update);
  EXPECT_EQ(codec_->ending(), Ending::Linger);
  EXPECT_EQ(stats.http2.window_updates_flood.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAConnectionOfRequestsThatAreResetAtOnce) {
  start();
  std::string answer;
  int requests = 0;
  // Left open, so that none is answered before it is reset.
  while (codec_->ending() == Ending::Open && requests < 1'000) {
    const int32_t id = 2 * requests++ + 1;
    const Fields fields{
        {":method", "POST"}, {":path", "/silent"}, {":scheme", "http"}, {":authority", "a"}};
    answer = send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, block(fields)) +
                  frame(NGHTTP2_RST_STREAM, 0, id, big_endian(NGHTTP2_CANCEL, 4)));
  }
  EXPECT_EQ(requests, 250);
  EXPECT_THAT(answer, HasSubstr(goaway(NGHTTP2_ENHANCE_YOUR_CALM)));
  EXPECT_EQ(stats.http2.too_many_resets.value(), 1U);
  EXPECT_EQ(stats.http2.received_resets.value(), 250U);
}

TEST_F(Http2FloodTest, EndsAConnectionOfRequestsThatHaveUsResetThem) {
  start();
  Fields malformed = kPlainGet;
  malformed.emplace_back("Upper", "case");
  int requests = 0;
  while (codec_->ending() == Ending::Open && requests < 1'000) {
    const int32_t id = 2 * requests++ + 1;
    send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
               block(malformed)));
  }
  EXPECT_EQ(requests, 250);
  EXPECT_EQ(stats.http2.messaging_errors.value(), 250U);
}

TEST_F(Http2FloodTest, LetsRequestsBeResetThatWereAnsweredOrAreOld) {
  start();
  for (int i = 0; i < 400; ++i) {
    const int32_t id = 2 * i + 1;
    send(request(id, false));  // is answered
    send(frame(NGHTTP2_RST_STREAM, 0, id, big_endian(NGHTTP2_CANCEL, 4)));
  }
  EXPECT_TRUE(goes_on());
  EXPECT_EQ(stats.http2.received_resets.value(), 400U);
}

TEST_F(Http2FloodTest, EndsAConnectionThatPingsAndDoesNotRead) {
  start({.max_outbound_control_frames = 100});
  send_unread(repeat(90, frame(NGHTTP2_PING, 0, 0, "12345678")));
  EXPECT_EQ(codec_->ending(), Ending::Open);
  send_unread(repeat(90, frame(NGHTTP2_PING, 0, 0, "12345678")));
  // The client is not told: it does not read.
  EXPECT_EQ(codec_->ending(), Ending::Close);
  EXPECT_TRUE(codec_->output().empty());
  EXPECT_EQ(stats.http2.outbound_control_flood.value(), 1U);
}

TEST_F(Http2FloodTest, LetsAClientPingThatReads) {
  start({.max_outbound_control_frames = 300});
  for (int i = 0; i < 20; ++i) send(repeat(100, frame(NGHTTP2_PING, 0, 0, "12345678")));
  EXPECT_TRUE(goes_on());
}

TEST_F(Http2FloodTest, EndsAConnectionOfSettingsThatDoesNotRead) {
  start({.max_outbound_control_frames = 100});
  send_unread(repeat(200, frame(NGHTTP2_SETTINGS, 0, 0)));
  EXPECT_EQ(stats.http2.outbound_control_flood.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAConnectionWhoseAnswersPileUp) {
  start({.max_concurrent_streams = 1'000, .max_outbound_frames = 50});
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += request(2 * i + 1);
  send_unread(requests);
  EXPECT_EQ(codec_->ending(), Ending::Close);
  EXPECT_EQ(stats.http2.outbound_flood.value(), 1U);
  EXPECT_EQ(codec_->active(), 0U);
}

TEST_F(Http2FloodTest, EndsTheConnectionOfAMalformedRequestWhereAsked) {
  start({.stream_error_on_invalid_message = false});
  Fields malformed = kPlainGet;
  malformed.emplace_back("connection", "close");
  EXPECT_THAT(send(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block(malformed))),
              HasSubstr(goaway(NGHTTP2_PROTOCOL_ERROR)));
  EXPECT_EQ(codec_->ending(), Ending::Linger);
}

TEST_F(Http2FloodTest, ResetsAStreamThatTheClientDoesNotRead) {
  options_.stream_timeout = Milliseconds(1'000);
  start();
  send(frame(NGHTTP2_SETTINGS, 0, 0, setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0)));
  send(request(1, false) + frame(NGHTTP2_DATA, 0, 1, "echo this"));
  sweep_after(Milliseconds(0));
  send(request(3, false) + frame(NGHTTP2_DATA, 0, 3, "echo this"));
  sweep_after(Milliseconds(900));
  EXPECT_EQ(stats.http2.stalled_streams.value(), 0U);
  sweep_after(Milliseconds(200));
  EXPECT_EQ(stats.http2.stalled_streams.value(), 2U);
  EXPECT_TRUE(goes_on());
}

TEST_F(Http2FloodTest, PingsAndGivesUp) {
  start({.keepalive_interval = Milliseconds(1'000),
         .keepalive_timeout = Milliseconds(500),
         .keepalive_jitter = 0});
  sweep_after(Milliseconds(0));
  sweep_after(Milliseconds(900));
  EXPECT_THAT(send(""), Not(HasSubstr("anybody?")));
  sweep_after(Milliseconds(200));
  EXPECT_THAT(send(""), HasSubstr("anybody?"));
  send(frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "anybody?"));
  sweep_after(Milliseconds(900));
  EXPECT_EQ(codec_->ending(), Ending::Open);
  sweep_after(Milliseconds(200));  // asks again
  sweep_after(Milliseconds(400));
  send(frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0));  // any frame will do
  sweep_after(Milliseconds(400));
  EXPECT_EQ(codec_->ending(), Ending::Open);
  sweep_after(Milliseconds(200));
  EXPECT_EQ(codec_->ending(), Ending::Close);
  EXPECT_EQ(stats.http2.keepalive_timeouts.value(), 1U);
}

TEST_F(Http2FloodTest, EndsAfterSoManyRequests) {
  start({}, {.max_requests = 2});
  send(request(1));
  EXPECT_EQ(stats.reached_requests.value(), 0U);
  // The notice, and then the end, once the client has seen it.
  EXPECT_THAT(send(request(3)), HasSubstr(big_endian(0x7fffffff, 4) + goaway(NGHTTP2_NO_ERROR)));
  EXPECT_EQ(stats.reached_requests.value(), 1U);
  send(frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, std::string(8, '\0')));
  EXPECT_EQ(codec_->ending(), Ending::Close);
}

TEST_F(Http2FloodTest, EndsAfterSoLong) {
  start({}, {.max_duration = Milliseconds(1'000)});
  sweep_after(Milliseconds(0));
  sweep_after(Milliseconds(1'000));
  EXPECT_EQ(stats.reached_durations.value(), 0U);
  sweep_after(Milliseconds(200));
  EXPECT_EQ(stats.reached_durations.value(), 1U);
  EXPECT_THAT(send(""), HasSubstr(big_endian(0x7fffffff, 4) + goaway(NGHTTP2_NO_ERROR)));
}

}  // namespace
}  // namespace weir::serve::test

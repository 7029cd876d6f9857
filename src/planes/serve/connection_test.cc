#include "planes/serve/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/codec_fakes.h"
#include "planes/serve/loopback.h"
#include "planes/serve/server_codec.h"

namespace weir::serve::test {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

// A connection to a client, whose time the test moves.
class ConnectionTest : public ::testing::Test, protected ConnectionOwner {
 protected:
  ConnectionTest() {
    TcpAcceptor acceptor(io, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    client.emplace(Peer::connect(acceptor.local_endpoint().port()));
    connection = std::make_shared<Connection>(
        acceptor.accept(), static_cast<ConnectionOwner&>(*this),
        ConnectionTimeouts{.idle = 60s, .stream = 300s, .head = 15s},
        TrafficCounters{.received_bytes = stats.received_bytes, .sent_bytes = stats.sent_bytes},
        start);
    connection->start();
  }

  ~ConnectionTest() override {
    if (connection != nullptr) connection->close("the test ends");
  }

  std::unique_ptr<Codec> choose_codec(Connection& to, ReadBuffer& input) override {
    if (input.empty()) return nullptr;
    if (next_codec != nullptr) return std::move(next_codec);
    return make_server_codec(
        {.carrier = to, .factory = factory, .connection = info, .options = options, .stats = stats},
        input.unread());
  }
  void on_settled(Connection&) override {}
  void on_closed(Connection&) override { connection = nullptr; }

  void send(std::string_view bytes) {
    client->send(bytes);
    settle();
  }
  // Handles all that is there.
  void settle() {
    while (io.run_one_for(20ms) > 0) {
    }
  }
  void pass_to(std::chrono::seconds time) {
    if (connection != nullptr) connection->sweep(start + time);
    settle();
  }
  bool is_open() const { return connection != nullptr; }

  const Connection::Time start = std::chrono::steady_clock::now();
  asio::io_context io;
  EchoFactory factory;
  ConnectionInfo info;
  ListenerOptions options;
  ListenerStats stats;
  std::unique_ptr<Codec> next_codec;  // in place of the one that the bytes call for
  std::optional<Peer> client;
  std::shared_ptr<Connection> connection;
};

const std::string kHttp2("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);

TEST_F(ConnectionTest, CountsIdleTimeFromTheLastRequest) {
  pass_to(50s);
  send(kGet);
  pass_to(100s);
  send(kGet);
  EXPECT_TRUE(is_open());
  pass_to(159s);
  EXPECT_TRUE(is_open());
  pass_to(161s);
  EXPECT_FALSE(is_open());
}

TEST_F(ConnectionTest, GivesAHeadItsTimeFromItsFirstByte) {
  pass_to(50s);
  send("GET / HT");
  pass_to(55s);
  send("TP/1.1\r\nHost:");
  pass_to(64s);
  EXPECT_TRUE(is_open());
  pass_to(66s);
  EXPECT_THAT(client->read_head(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ConnectionTest, DoesNotCountTheTimeOfARequestUnderWay) {
  send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  pass_to(200s);
  EXPECT_TRUE(is_open());
  send("b");
  EXPECT_TRUE(is_open());
  pass_to(201s);
  EXPECT_TRUE(is_open());
}

TEST_F(ConnectionTest, BreaksARequestOnWhichNothingMoves) {
  send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
  pass_to(301s);
  EXPECT_FALSE(is_open());
}

TEST_F(ConnectionTest, TellsAnIdleHttp2ClientBeforeItCloses) {
  send(kHttp2);
  pass_to(61s);
  EXPECT_TRUE(is_open());  // the notice is on its way
  pass_to(62s);
  EXPECT_FALSE(is_open());
}

// Has always more to say, and no request: a flood of pings makes such a connection.
class Talker final : public Codec {
 public:
  Talker() { output_.append(Slice::copy_of(as_bytes(std::string(20'000'000, 'x')))); }

  void receive(ReadBuffer& input) override { input.consume(input.unread().size()); }
  bool wants_input() const override { return true; }
  void disconnected(Disconnect, std::string_view) override {}
  Body& output() override { return output_; }
  void sent() override {}
  Ending ending() const override { return ending_; }
  void drain() override { ending_ = Ending::Close; }
  size_t active() const override { return 0; }
  bool inside_head() const override { return false; }
  void head_timed_out() override {}

 private:
  Body output_;
  Ending ending_ = Ending::Open;
};

TEST_F(ConnectionTest, ClosesOnAnIdleClientThatDoesNotRead) {
  next_codec = std::make_unique<Talker>();
  send("hello");
  pass_to(61s);
  EXPECT_TRUE(is_open());  // there is more to send
  pass_to(122s);
  EXPECT_FALSE(is_open());
}

// As a tunnel whose client has sent its end, but may hear more.
class HalfTunnel final : public Codec {
 public:
  void receive(ReadBuffer& input) override { input.consume(input.unread().size()); }
  bool wants_input() const override { return true; }
  bool end_of_input() override { return true; }
  void disconnected(Disconnect, std::string_view) override {}
  Body& output() override { return output_; }
  void sent() override {}
  Ending ending() const override { return Ending::Open; }
  void drain() override {}
  size_t active() const override { return 1; }
  bool watches_itself() const override { return true; }
  bool inside_head() const override { return false; }
  void head_timed_out() override {}

 private:
  Body output_;
};

class HalfTunnelTest : public ConnectionTest {
 protected:
  HalfTunnelTest() {
    next_codec = std::make_unique<HalfTunnel>();
    send("hello");
  }

  void say_to_client(std::string_view bytes) {
    connection->codec()->output().append_copy(as_bytes(bytes));
    connection->wake();
    settle();
  }
};

TEST_F(HalfTunnelTest, OutlivesTheEndOfWhatTheClientSends) {
  client->finish_sending();
  settle();
  say_to_client("more");
  EXPECT_TRUE(is_open());
  EXPECT_EQ(client->read(4), "more");
}

// Neither a write that failed nor anything else closed such a connection.
TEST_F(HalfTunnelTest, ClosesOnAClientThatHasEndedAndTakesNoMore) {
  client->close();
  settle();
  EXPECT_TRUE(is_open());  // a client that still listens looks the same
  say_to_client("first");
  if (is_open()) say_to_client("second");
  EXPECT_FALSE(is_open());
}

TEST_F(HalfTunnelTest, NoticesThatAClientBreaksOffAfterItsEnd) {
  client->finish_sending();
  settle();
  EXPECT_TRUE(is_open());
  client->reset();
  settle();
  EXPECT_FALSE(is_open());
}

TEST_F(ConnectionTest, LingersForAClientThatKeepsSending) {
  send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  for (int i = 0; i < 10; ++i) send(std::string(1000, 'x'));
  EXPECT_TRUE(is_open());
  pass_to(2s);
  EXPECT_FALSE(is_open());
  EXPECT_THAT(client->read_head(), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace weir::serve::test

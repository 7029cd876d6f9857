#include "planes/serve/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/codec_fakes.h"
#include "planes/serve/listening_socket.h"
#include "planes/serve/loopback.h"

namespace weir::serve::test {
namespace {

using ::testing::AllOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A listener whose requests are echoed.
class Echo {
 public:
  explicit Echo(const ListenerOptions& options = {}) {
    loop_.run([&] {
      auto made = Listener::make(loop_.io(), options, *codecs_);
      WEIR_CHECK(made.ok());
      listener_ = std::move(made).value();
      WEIR_CHECK(listener_->start().ok());
    });
  }
  ~Echo() {
    loop_.run([&] { listener_ = nullptr; });
  }

  Loop& loop() { return loop_; }
  Listener& operator*() { return *listener_; }
  Listener* operator->() { return listener_.get(); }

 private:
  Loop loop_;
  EchoFactory factory_;
  std::unique_ptr<CodecFactory> codecs_ = make_http_codecs(factory_);
  std::unique_ptr<Listener> listener_;
};

const std::string kGetWithHeader = "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n";

TEST(ListenerTest, RefusesAnAddressThatIsNone) {
  boost::asio::io_context io;
  EchoFactory factory;
  const auto made = Listener::make(io, {.address = "localhost"}, *make_http_codecs(factory));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::BadConfig);
  EXPECT_EQ(made.error().message, "listener address 'localhost' is not an IP address");
}

TEST(ListenerTest, SaysWhereItCannotListen) {
  boost::asio::io_context io;
  EchoFactory factory;
  const auto made =
      Listener::make(io, {.address = "192.0.2.1", .port = 80}, *make_http_codecs(factory));
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message,
              Eq("listener 192.0.2.1:80: Cannot assign requested address; take an address of this "
                 "machine, or 0.0.0.0 or [::] for all"));
}

TEST(ListenerTest, SharesItsPortWithOtherWorkers) {
  Echo first;
  Echo second({.port = first->port()});
  EXPECT_EQ(first->port(), second->port());
}

TEST(ListenerTest, TellsExchangesOfTheirConnection) {
  struct Factory final : ExchangeFactory {
    Exchange& make_exchange(ClientStream& client) override {
      version = client.info().version;
      info.set_value(client.info().connection);
      return *new EchoExchange(client);
    }
    std::promise<ConnectionInfo> info;
    HttpVersion version{};
  } factory;
  const auto codecs = make_http_codecs(factory);
  Loop loop;
  auto listener = loop.run([&] {
    auto made = std::move(Listener::make(loop.io(), {}, *codecs)).value();
    EXPECT_TRUE(made->start().ok());
    return made;
  });
  Peer client = Peer::connect(listener->port());
  client.send(kGetWithHeader);
  const ConnectionInfo info = factory.info.get_future().get();
  EXPECT_EQ(info.local_address, "127.0.0.1:" + std::to_string(listener->port()));
  EXPECT_EQ(info.local_port, listener->port());
  EXPECT_EQ(info.remote_address, "127.0.0.1:" + std::to_string(info.remote_port));
  EXPECT_GT(info.id, 0U);
  EXPECT_EQ(factory.version, HttpVersion::Http11);
  client.read_message();
  loop.run([&] { listener = nullptr; });
}

TEST(ListenerTest, ClosesAnIdleConnection) {
  Echo echo({.idle_timeout = Milliseconds(1)});
  Peer client = Peer::connect(echo->port());
  client.send(kGetWithHeader);
  EXPECT_THAT(client.read_message(), HasSubstr("x-one: 1"));
  EXPECT_TRUE(client.at_end());

  Peer silent = Peer::connect(echo->port());
  EXPECT_TRUE(silent.at_end());
}

TEST(ListenerTest, ClosesAnIdleHttp2Connection) {
  Echo echo({.idle_timeout = Milliseconds(1)});
  Peer client = Peer::connect(echo->port());
  client.send(std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33));
  // Even one that does not answer the notice.
  EXPECT_THAT(client.read_all(), HasSubstr(std::string_view("\0\0\x08\x07\0\0\0\0\0", 9)));
}

TEST(ListenerTest, AnswersAHeadThatTakesTooLong) {
  Echo echo({.header_timeout = Milliseconds(1)});
  Peer client = Peer::connect(echo->port());
  client.send("GET / HTTP/1.1\r\nHost: ");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 408 "));
}

TEST(ListenerTest, ClosesAConnectionWhoseFirstBytesTellNothing) {
  Echo echo({.header_timeout = Milliseconds(1)});
  Peer client = Peer::connect(echo->port());
  client.send("PRI * HT");
  EXPECT_TRUE(client.at_end());
}

TEST(ListenerTest, AbortsARequestOnWhichNoByteMoves) {
  Echo echo({.stream_timeout = Milliseconds(1)});
  Peer client = Peer::connect(echo->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(echo->stats().active_requests.value(), 0U);
}

TEST(ListenerTest, RefusesConnectionsBeyondItsLimit) {
  Echo echo({.max_connections = 1});
  Peer first = Peer::connect(echo->port());
  first.send(kGetWithHeader);
  first.read_message();
  Peer second = Peer::connect(echo->port());
  EXPECT_TRUE(second.at_end());
  first.send(kGetWithHeader);
  EXPECT_THAT(first.read_message(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(echo->stats().refused_connections.value(), 1U);
}

TEST(ListenerTest, SpeaksOnlyTheProtocolItIsToldTo) {
  Echo http1({.protocol = ListenerOptions::Protocol::Http1});
  Peer client = Peer::connect(http1->port());
  client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 "));

  Echo http2({.protocol = ListenerOptions::Protocol::Http2});
  Peer other = Peer::connect(http2->port());
  other.send(kGetWithHeader);
  EXPECT_THAT(other.read_all(), ::testing::Not(HasSubstr("HTTP/1.1 ")));
}

TEST(ListenerTest, DrainsAtOnceWithoutConnections) {
  Echo echo;
  std::promise<void> drained;
  echo.loop().run([&] { echo->drain([&] { drained.set_value(); }); });
  drained.get_future().wait();
}

TEST(ListenerTest, AnswersWhatWaitsToBeAcceptedBeforeItEnds) {
  Echo echo;
  std::promise<void> drained;
  std::vector<Peer> clients;
  echo.loop().run([&] {
    for (int i = 0; i < 3; ++i) clients.push_back(Peer::connect(echo->port()));
    for (int i = 0; i < 2; ++i) clients[static_cast<size_t>(i)].send(kGet);
    echo->drain([&] { drained.set_value(); });
  });
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(clients[i].read_message(),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("connection: close")));
  }
  EXPECT_TRUE(clients[2].at_end());
  clients.clear();
  drained.get_future().wait();
}

TEST(ListenerTest, AnswersOneMoreRequestWhereOthersGoOn) {
  Echo echo;
  Peer used = Peer::connect(echo->port());
  used.send(kGet);
  used.read_message();
  Peer silent = Peer::connect(echo->port());
  Peer idle = Peer::connect(echo->port());
  std::promise<void> drained;
  echo.loop().run([&] { echo->drain_after_next([&] { drained.set_value(); }); });
  for (Peer* client : {&used, &silent}) {
    client->send(kGet);
    EXPECT_THAT(client->read_message(),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("connection: close")));
    EXPECT_TRUE(client->at_end());
    client->close();
  }
  echo.loop().run([&] { echo->end_idle_connections(); });
  EXPECT_TRUE(idle.at_end());
  drained.get_future().wait();
}

TEST(ListenerTest, AcceptsFromSeveralSocketsThatOthersHaveToo) {
  uint16_t port = 0;
  std::vector<Descriptor> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(bind_socket("127.0.0.1", port, true).value());
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(sockets.back().number(), reinterpret_cast<sockaddr*>(&address), &size),
              0);
    port = ntohs(address.sin_port);
  }
  std::vector<Descriptor> others;
  for (const Descriptor& socket : sockets) others.push_back(socket.duplicate());

  EchoFactory factory;
  const auto codecs = make_http_codecs(factory);
  Loop loop;
  const auto make = [&](std::vector<Descriptor> of) {
    auto listener = std::move(Listener::make(loop.io(), {}, *codecs, std::move(of))).value();
    EXPECT_TRUE(listener->start().ok());
    return listener;
  };
  auto listener = loop.run([&] { return make(std::move(sockets)); });
  EXPECT_EQ(listener->port(), port);
  const auto ask = [&] {
    Peer client = Peer::connect(port);
    client.send(kGet);
    return client.read_message();
  };
  for (int i = 0; i < 20; ++i) EXPECT_THAT(ask(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(loop.run([&] { return listener->sockets().size(); }), 3U);

  // The first one lets go, and the sockets live on.
  loop.run([&] { listener->stop_accepting(); });
  Peer waiting = Peer::connect(port);
  waiting.send(kGet);
  auto next = loop.run([&] { return make(std::move(others)); });
  EXPECT_THAT(waiting.read_message(), StartsWith("HTTP/1.1 200 "));
  for (int i = 0; i < 20; ++i) EXPECT_THAT(ask(), StartsWith("HTTP/1.1 200 "));
  loop.run([&] {
    listener.reset();
    next.reset();
  });
}

TEST(ListenerTest, LosesNobodyWhereAnotherTakesItsPort) {
  Echo first;
  Echo next({.address = "0.0.0.0", .port = first->port()});
  Peer early = Peer::connect(first->port());
  std::promise<void> drained;
  first.loop().run([&] { first->retire([&] { drained.set_value(); }); });
  early.send(kGet);
  Peer late = Peer::connect(first->port());
  late.send(kGet);
  EXPECT_THAT(early.read_message(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(late.read_message(), StartsWith("HTTP/1.1 200 "));
  drained.get_future().wait();
  EXPECT_EQ(first->stats().connections.value(), 1U);
  EXPECT_EQ(next->stats().connections.value(), 1U);
}

TEST(ListenerTest, ClosesConnectionsWhenItIsDestroyed) {
  std::optional<Echo> echo(std::in_place);
  Peer idle = Peer::connect((*echo)->port());
  Peer busy = Peer::connect((*echo)->port());
  busy.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  busy.read_until("ab\r\n");
  echo.reset();
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(busy.at_end());
}

TEST(ListenerTest, AbortsWhatAnExchangeAborts) {
  Echo echo;
  Peer client = Peer::connect(echo->port());
  client.send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(echo->stats().active_requests.value(), 0U);
}

TEST(ListenerTest, CountsBytes) {
  Echo echo;
  Peer client = Peer::connect(echo->port());
  client.send(kGetWithHeader);
  const std::string answer = client.read_message();
  echo.loop().run([] {});
  EXPECT_EQ(echo->stats().received_bytes.value(), kGetWithHeader.size());
  EXPECT_EQ(echo->stats().sent_bytes.value(), answer.size());
  EXPECT_EQ(echo->stats().requests.value(), 1U);
}

}  // namespace
}  // namespace weir::serve::test

// What is handed from one process to the next, and found by it.

#include "planes/serve/inheritance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>

#include "planes/serve/listening_socket.h"

namespace weir::serve::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Descriptor listening_socket(uint16_t& port) {
  Descriptor socket = bind_socket("127.0.0.1", port, true).value();
  EXPECT_EQ(::listen(socket.number(), 5), 0);
  port = listening_address(socket.number()).value().port;
  return socket;
}
Descriptor listening_socket() {
  uint16_t port = 0;
  return listening_socket(port);
}

SocketPool::Socket bound_socket(SocketPool::Origin origin, const std::string& name,
                                uint16_t& port) {
  Descriptor socket = listening_socket(port);
  auto address = listening_address(socket.number()).value();
  return {.descriptor = std::move(socket),
          .address = std::move(address),
          .origin = origin,
          .name = name};
}

config::Listener listener_at(const std::string& name, uint16_t port) {
  return {.name = name, .address = {"127.0.0.1", port}};
}

std::string inheritance_error(std::map<std::string, std::string> variables) {
  const auto taken = take_inheritance(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      1);
  return taken.ok() ? "it was taken" : taken.error().message;
}

TEST(InheritanceTest, IsNoneWithoutVariables) {
  EXPECT_EQ(inheritance_error({}), "it was taken");
  EXPECT_EQ(inheritance_error({{"LISTEN_FDS", "1"}}), "it was taken");
  EXPECT_EQ(inheritance_error({{"LISTEN_FDS", "1"}, {"LISTEN_PID", "2"}}), "it was taken");
  EXPECT_EQ(inheritance_error({{"LISTEN_FDS", "x"}, {"LISTEN_PID", "1"}}), "it was taken");
}

TEST(InheritanceTest, RefusesNonsense) {
  EXPECT_THAT(inheritance_error({{"LISTEN_FDS", "-1"}, {"LISTEN_PID", "1"}}),
              HasSubstr("LISTEN_FDS=-1 is no number of sockets"));
  for (const char* text : {"", "1", "[]", "{}", "{\"sockets\": 1}", "{"}) {
    EXPECT_THAT(inheritance_error({{"WEIR_HANDOVER", text}}),
                HasSubstr("WEIR_HANDOVER: is not what weir writes there"))
        << text;
  }
}

TEST(LegacyTest, SpeaksOfWhatItHands) {
  Legacy legacy;
  uint16_t first = 0;
  uint16_t second = 0;
  legacy.add(bound_socket(SocketPool::Origin::Systemd, "web.socket", first));
  legacy.add(bound_socket(SocketPool::Origin::Predecessor, "main", second));
  legacy.add(bound_socket(SocketPool::Origin::Predecessor, "main", second));
  legacy.set_admin(listening_socket());
  EXPECT_THAT(legacy.descriptors(), SizeIs(4));
  EXPECT_EQ(legacy.text(),
            R"({"admin":true,"sockets":[{"count":1,"name":"web.socket","systemd":true},)"
            R"({"count":2,"name":"main","systemd":false}]})");
}

TEST(ListeningSocketTest, KnowsWhatItIs) {
  EXPECT_EQ(listening_address(listening_socket().number()).value().host, "127.0.0.1");
  const Descriptor bound = bind_socket("127.0.0.1", 0, true).value();
  EXPECT_EQ(listening_address(bound.number()).error().message, "does not listen");
  const Descriptor datagrams(::socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_EQ(listening_address(datagrams.number()).error().message, "is no TCP socket");
  EXPECT_EQ(listening_address(-1).error().message, "is no socket");
}

TEST(ListeningSocketTest, ComparesPlacesAndNotTexts) {
  EXPECT_TRUE(is_same_place({"::1", 80}, {"0:0:0:0:0:0:0:1", 80}));
  EXPECT_FALSE(is_same_place({"::1", 80}, {"::1", 81}));
  EXPECT_FALSE(is_same_place({"127.0.0.1", 80}, {"::1", 80}));
  EXPECT_FALSE(is_same_place({"localhost", 80}, {"localhost", 80}));
}

class SocketPoolTest : public ::testing::Test {
 protected:
  SocketPool pool(SocketPool::Origin origin, size_t count, size_t workers) {
    std::vector<SocketPool::Socket> sockets;
    for (size_t i = 0; i < count; ++i) sockets.push_back(bound_socket(origin, "main", port));
    return {std::move(sockets), workers};
  }
  uint16_t port = 0;
};

TEST_F(SocketPoolTest, GivesEachWorkerItsOwn) {
  const SocketPool sockets = pool(SocketPool::Origin::Predecessor, 2, 3);
  EXPECT_TRUE(sockets.has(listener_at("other", port)));
  EXPECT_THAT(sockets.take(listener_at("other", port), 0), SizeIs(1));
  EXPECT_THAT(sockets.take(listener_at("other", port), 1), SizeIs(1));
  EXPECT_THAT(sockets.take(listener_at("other", port), 2), IsEmpty());
  EXPECT_FALSE(sockets.has(listener_at("other", port)));
  EXPECT_THAT(sockets.close_rest(), IsEmpty());
}

TEST_F(SocketPoolTest, SpreadsThoseThatAreTooMany) {
  const SocketPool sockets = pool(SocketPool::Origin::Predecessor, 5, 2);
  EXPECT_THAT(sockets.take(listener_at("main", port), 0), SizeIs(3));
  EXPECT_THAT(sockets.take(listener_at("main", port), 1), SizeIs(2));
}

TEST_F(SocketPoolTest, FindsByNameWhereTheSystemHasChosenThePort) {
  const SocketPool sockets = pool(SocketPool::Origin::Predecessor, 1, 1);
  EXPECT_FALSE(sockets.has(listener_at("other", 0)));
  EXPECT_TRUE(sockets.has(listener_at("main", 0)));
}

TEST_F(SocketPoolTest, ClosesWhatNobodyTakes) {
  const SocketPool sockets = pool(SocketPool::Origin::Predecessor, 2, 2);
  EXPECT_THAT(sockets.close_rest(), ElementsAre("127.0.0.1:" + std::to_string(port)));
  EXPECT_FALSE(sockets.has(listener_at("main", port)));
}

TEST_F(SocketPoolTest, SharesWhatIsSystemds) {
  const SocketPool sockets = pool(SocketPool::Origin::Systemd, 1, 2);
  for (const size_t worker : {0u, 1u, 0u}) {
    EXPECT_THAT(sockets.take(listener_at("any", port), worker), SizeIs(1));
  }
  EXPECT_FALSE(sockets.has(listener_at("main", 0)));
  EXPECT_THAT(sockets.close_rest(), IsEmpty());
  EXPECT_THAT(sockets.of_systemd(), SizeIs(1));
  EXPECT_THAT(sockets.duplicates_of_systemd(), SizeIs(1));
  EXPECT_TRUE(sockets.take_single({"127.0.0.1", port}).is_open());
}

}  // namespace
}  // namespace weir::serve::test

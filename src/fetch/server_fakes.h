#pragma once
// For tests: an HTTP server on loopback that answers as the test says.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/lower_case.h"

namespace weir::fetch::test {

struct FakeRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct FakeResponse {
  int status = 200;
  std::vector<std::string> headers;  // "name: value"
  std::string body;
  size_t missing_bytes = 0;  // announced and not sent
};

// One thread for each connection, which serves one request. `respond` runs on it.
class FakeServer {
 public:
  using Respond = std::function<FakeResponse(const FakeRequest&)>;

  explicit FakeServer(Respond respond)
      : respond_(std::move(respond)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::setenv("no_proxy", "*", 1);
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    auto* at = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, at, size), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    EXPECT_EQ(::getsockname(listener_, at, &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~FakeServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : connections_) thread.join();
    ::close(listener_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  uint16_t port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path) const { return "http://" + host() + path; }
  std::vector<FakeRequest> requests() const { return *requests_.lock(); }

 private:
  void accept_all() {
    while (true) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      connections_.emplace_back([this, connection] {
        serve(connection);
        ::close(connection);
      });
    }
  }

  void serve(int connection) {
    std::string head;
    if (!read_until(connection, head, "\r\n\r\n")) return;
    FakeRequest request = parse(head);
    const size_t start = head.find("\r\n\r\n") + 4;
    request.body = head.substr(start);
    const size_t length = std::strtoul(request.headers["content-length"].c_str(), nullptr, 10);
    while (request.body.size() < length && read_some(connection, request.body)) {
    }
    requests_.lock()->push_back(request);
    const FakeResponse response = respond_(request);
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " Said\r\n";
    for (const std::string& header : response.headers) text += header + "\r\n";
    text += "content-length: " + std::to_string(response.body.size() + response.missing_bytes);
    text += "\r\nconnection: close\r\n\r\n" + response.body;
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t now = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return;
      sent += static_cast<size_t>(now);
    }
  }

  static bool read_some(int connection, std::string& to) {
    char bytes[4096];
    const ssize_t got = ::recv(connection, bytes, sizeof(bytes), 0);
    if (got > 0) to.append(bytes, static_cast<size_t>(got));
    return got > 0;
  }

  static bool read_until(int connection, std::string& to, std::string_view end) {
    while (to.find(end) == std::string::npos) {
      if (!read_some(connection, to)) return false;
    }
    return true;
  }

  static FakeRequest parse(const std::string& head) {
    FakeRequest request;
    const size_t line_end = head.find("\r\n");
    const size_t first = head.find(' ');
    const size_t second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    for (size_t at = line_end + 2; head.compare(at, 2, "\r\n") != 0;) {
      const size_t colon = head.find(": ", at);
      const size_t end = head.find("\r\n", at);
      const std::string name = lower_case(head.substr(at, colon - at));
      request.headers[name] = head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    return request;
  }

  const Respond respond_;
  const int listener_;
  uint16_t port_ = 0;
  Guarded<std::vector<FakeRequest>> requests_;
  std::list<std::thread> connections_;  // the acceptor's, until that has ended
  std::thread acceptor_;
};

}  // namespace weir::fetch::test

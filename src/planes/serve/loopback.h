#pragma once
// For tests: a proxy on a thread of its own without a filter chain, clients and upstreams on
// loopback sockets that read and write plain bytes.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "planes/serve/cluster.h"
#include "planes/serve/listener.h"

namespace weir::serve::test {

namespace asio = boost::asio;

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Passes a request to a cluster and the response back; what it cannot have becomes a 503, what
// is no response a 502.
class ForwardedExchange final : public Exchange {
 public:
  ForwardedExchange(ClientStream& client, Cluster& cluster)
      : client_(client), upstream_(cluster.open(response_, &client, false)) {}

  void headers(HeaderList headers, EndOfStream end) override {
    upstream_->headers(std::move(headers), end);
  }
  void data(Body data, EndOfStream end) override {
    if (upstream_ != nullptr) upstream_->data(std::move(data), end);
  }
  void trailers(HeaderList trailers) override {
    if (upstream_ != nullptr) upstream_->trailers(std::move(trailers));
  }
  void metadata(HeaderList metadata) override {
    if (upstream_ != nullptr) upstream_->metadata(std::move(metadata));
  }
  void abort(std::string_view) override { upstream_ = nullptr; }
  void pause() override {
    if (upstream_ != nullptr) upstream_->pause();
  }
  void resume() override {
    if (upstream_ != nullptr) upstream_->resume();
  }
  void closed() override { delete this; }

 private:
  struct Response final : MessageSink {
    explicit Response(ForwardedExchange& owner) : exchange(owner) {}
    void headers(HeaderList headers, EndOfStream end) override {
      started = true;
      exchange.client_.headers(std::move(headers), end);
    }
    void data(Body data, EndOfStream end) override { exchange.client_.data(std::move(data), end); }
    void trailers(HeaderList trailers) override { exchange.client_.trailers(std::move(trailers)); }
    void metadata(HeaderList metadata) override { exchange.client_.metadata(std::move(metadata)); }
    void interim_headers(HeaderList headers) override {
      exchange.client_.interim_headers(std::move(headers));
    }
    void abort(std::string_view reason) override {
      const bool malformed = exchange.upstream_->was_malformed();
      exchange.upstream_ = nullptr;
      if (started) return exchange.client_.abort(reason);
      Body body;
      body.append_copy(as_bytes(reason));
      exchange.client_.headers({{":status", malformed ? "502" : "503"}}, EndOfStream::No);
      exchange.client_.data(std::move(body), EndOfStream::Yes);
    }
    ForwardedExchange& exchange;
    bool started = false;
  };

  ClientStream& client_;
  Response response_{*this};
  std::unique_ptr<UpstreamExchange> upstream_;
};

class Forwarder final : public ExchangeFactory {
 public:
  explicit Forwarder(Cluster& cluster) : cluster_(cluster) {}
  Exchange& make_exchange(ClientStream& client) override {
    return *new ForwardedExchange(client, cluster_);
  }

 private:
  Cluster& cluster_;
};

// An event loop on a thread of its own.
class Loop {
 public:
  ~Loop() {
    io_.stop();
    thread_.join();
  }

  asio::io_context& io() { return io_; }

  // Runs `work` on the loop's thread and waits for its result.
  template <typename F>
  auto run(F work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    asio::post(io_, [&task] { task(); });
    return result.get();
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
  std::thread thread_{[this] { io_.run(); }};
};

// A listener whose requests all go to one cluster.
class Proxy {
 public:
  Proxy(ClusterSettings cluster, ListenerOptions options) {
    cluster.stats = &cluster_stats_;
    loop_.run([&] {
      auto made = make_cluster(loop_.io(), cluster);
      WEIR_CHECK(made.ok());
      cluster_ = std::move(made).value();
      forwarder_ = std::make_unique<Forwarder>(*cluster_);
      codecs_ = make_http_codecs(*forwarder_);
      auto listener = Listener::make(loop_.io(), options, *codecs_);
      WEIR_CHECK(listener.ok());
      listener_ = std::move(listener).value();
      WEIR_CHECK(listener_->start().ok());
    });
  }
  explicit Proxy(uint16_t upstream_port)
      : Proxy({.name = "upstream", .endpoints = {{"127.0.0.1", upstream_port}}}, {}) {}

  ~Proxy() {
    loop_.run([&] {
      listener_ = nullptr;
      cluster_ = nullptr;
    });
  }

  uint16_t port() const { return listener_->port(); }
  Loop& loop() { return loop_; }
  Listener& listener() { return *listener_; }
  const ListenerStats& stats() const { return listener_->stats(); }
  const ClusterStats& cluster_stats() const { return cluster_stats_; }

 private:
  ClusterStats cluster_stats_;
  Loop loop_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<CodecFactory> codecs_;
  std::unique_ptr<Listener> listener_;
};

// A blocking socket. What does not come within some seconds ends the wait: tests fail, they do not
// hang.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) { set_timeout({.tv_sec = 10}); }
  Peer(Peer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  ~Peer() { close(); }

  // A client of the port.
  static Peer connect(uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return Peer(fd);
  }

  static bool can_connect(uint16_t port) {
    const Peer peer(::socket(AF_INET, SOCK_STREAM, 0));
    const sockaddr_in address = loopback(port);
    return ::connect(peer.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  // False: the other side takes no more.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // As many bytes as the sockets hold without a reader.
  size_t send_until_full(std::string_view text, size_t most) {
    size_t sent = 0;
    int misses = 0;
    while (sent < most && misses < 50) {
      const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        sent += static_cast<size_t>(n);
        misses = 0;
      } else {
        ++misses;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    return sent;
  }

  // Everything up to and with `mark`; less where the connection ends before.
  std::string read_until(std::string_view mark) {
    size_t found;
    while ((found = received_.find(mark)) == std::string::npos) {
      if (!receive()) return std::exchange(received_, {});
    }
    return take(found + mark.size());
  }

  std::string read(size_t n) {
    while (received_.size() < n) {
      if (!receive()) break;
    }
    return take(std::min(n, received_.size()));
  }

  std::string read_head() { return read_until("\r\n\r\n"); }

  // A message with a content-length, or with chunks and no trailers.
  std::string read_message() {
    std::string message = read_head();
    if (message.find("transfer-encoding: chunked") != std::string::npos) {
      return message + read_until("0\r\n\r\n");
    }
    const size_t at = message.find("content-length: ");
    if (at != std::string::npos) message += read(std::stoul(message.substr(at + 16)));
    return message;
  }

  // The rest, to the end of the connection.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }

  // Whether the other side has closed and nothing is left to read.
  bool at_end() { return received_.empty() && !receive() && !timed_out_; }

  void set_timeout(const timeval& limit) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  void set_receive_buffer(int size) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // Closes with a reset.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  bool receive() {
    char bytes[65536];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) timed_out_ = true;
    if (n <= 0) return false;
    received_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  std::string take(size_t n) {
    std::string taken = received_.substr(0, n);
    received_.erase(0, n);
    return taken;
  }

  int fd_;
  std::string received_;
  bool timed_out_ = false;
};

// A listening socket that a test plays the upstream of.
class Upstream {
 public:
  Upstream() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Peer::loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 128), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Upstream() { ::close(fd_); }

  uint16_t port() const { return port_; }
  Peer accept() { return Peer(::accept(fd_, nullptr, nullptr)); }

 private:
  int fd_;
  uint16_t port_ = 0;
};

}  // namespace weir::serve::test

#include "planes/serve/listener.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <vector>

#include "planes/serve/acceptor.h"
#include "planes/serve/connection.h"
#include "planes/serve/listening_socket.h"

namespace weir::serve {
namespace {

using asio::ip::tcp;

// How often connections are held against their time-outs.
constexpr Milliseconds kSweepInterval{200};

// How long a handshake that has begun is waited for. Less than the second after which clients that
// were left out try again.
constexpr Milliseconds kHandshakeTime{200};

std::atomic<uint64_t> next_connection_id = 1;

ConnectionInfo describe(const Connection& connection) {
  const tcp::endpoint remote = connection.remote_endpoint();
  const tcp::endpoint local = connection.local_endpoint();
  return {.id = next_connection_id.fetch_add(1, std::memory_order_relaxed),
          .direct_address = to_text(remote),
          .remote_address = to_text(remote),
          .remote_port = remote.port(),
          .local_address = to_text(local),
          .local_port = local.port()};
}

class ListenerImpl final : public Listener, private ConnectionOwner {
 public:
  ListenerImpl(asio::io_context& io, const ListenerOptions& options, CodecFactory& codecs)
      : options_(options),
        stats_(options.stats != nullptr ? *options.stats : own_stats_),
        codecs_(codecs),
        io_(io),
        sweep_timer_(io),
        retire_timer_(io) {}

  ~ListenerImpl() override {
    stop_accepting();
    close_connections();
  }

  Done open(std::vector<Descriptor> sockets);
  Done start() override;

  uint16_t port() const override { return port_; }
  const ListenerStats& stats() const override { return stats_; }
  std::vector<Descriptor> sockets() override;
  void stop_accepting() override;
  void drain(std::function<void()> done) override;
  void drain_after_next(std::function<void()> done) override;
  void retire(std::function<void()> done) override;
  void end_idle_connections() override;
  void close_connections() override;
  void drain_chain(uint64_t chain) override;
  void close_chain(uint64_t chain) override;
  bool serves_chain(uint64_t chain) const override {
    return std::ranges::any_of(clients_,
                               [&](const Client& client) { return client.info->chain == chain; });
  }

 private:
  // A connection and what its codec refers to.
  struct Client {
    std::shared_ptr<Connection> connection;
    std::unique_ptr<ConnectionInfo> info;
  };

  std::unique_ptr<Codec> choose_codec(Connection& connection, ReadBuffer& input) override;
  void on_settled(Connection&) override {}
  void on_closed(Connection& connection) override;

  void add(TcpSocket socket);
  void take_in_and_close();
  void start_sweeping();
  void sweep();
  void report_drained();

  const ListenerOptions options_;
  ListenerStats own_stats_;
  ListenerStats& stats_;
  CodecFactory& codecs_;
  asio::io_context& io_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  Timer sweep_timer_;
  Timer retire_timer_;
  uint16_t port_ = 0;
  std::vector<Client> clients_;  // each at its connection's slot
  std::function<void()> drained_;
  bool sweeping_ = false;
  // Handlers that come after the end find it expired.
  std::shared_ptr<ListenerImpl*> self_ = std::make_shared<ListenerImpl*>(this);
};

Error failed(const ListenerOptions& options, Error error) {
  return std::move(error).in("listener " + options.address + ":" + std::to_string(options.port));
}

Done ListenerImpl::open(std::vector<Descriptor> sockets) {
  if (sockets.empty()) {
    auto bound = bind_socket(options_.address, options_.port, true);
    if (!bound.ok() && bound.error().code == ErrorCode::BadConfig) {
      return Error{ErrorCode::BadConfig, "listener address " + bound.error().message};
    }
    if (!bound.ok()) return failed(options_, std::move(bound).error());
    sockets.push_back(std::move(bound).value());
  }
  for (Descriptor& socket : sockets) {
    auto acceptor = Acceptor::make(io_, std::move(socket),
                                   [this](TcpSocket accepted) { add(std::move(accepted)); });
    if (!acceptor.ok()) return failed(options_, std::move(acceptor).error());
    acceptors_.push_back(std::move(acceptor).value());
  }
  port_ = acceptors_.front()->port();
  return Unit{};
}

Done ListenerImpl::start() {
  for (const auto& acceptor : acceptors_) {
    if (Done done = acceptor->start(); !done.ok()) {
      return failed(options_, std::move(done).error());
    }
  }
  return Unit{};
}

std::vector<Descriptor> ListenerImpl::sockets() {
  std::vector<Descriptor> all;
  for (const auto& acceptor : acceptors_) {
    if (acceptor->is_open()) all.push_back(acceptor->duplicate());
  }
  return all;
}

void ListenerImpl::add(TcpSocket socket) {
  if (clients_.size() >= options_.max_connections) {
    stats_.refused_connections.add();
    return;
  }
  stats_.connections.add();
  stats_.active_connections.add();
  const ConnectionTimeouts timeouts{.idle = options_.idle_timeout,
                                    .stream = options_.stream_timeout,
                                    .head = options_.header_timeout};
  auto connection = std::make_shared<Connection>(
      std::move(socket), static_cast<ConnectionOwner&>(*this), timeouts,
      TrafficCounters{.received_bytes = stats_.received_bytes, .sent_bytes = stats_.sent_bytes},
      std::chrono::steady_clock::now());
  connection->slot = clients_.size();
  clients_.push_back(
      {.connection = connection, .info = std::make_unique<ConnectionInfo>(describe(*connection))});
  start_sweeping();
  connection->start();
  if (drained_) connection->drain();
}

std::unique_ptr<Codec> ListenerImpl::choose_codec(Connection& connection, ReadBuffer& input) {
  return codecs_.make_codec({.carrier = connection,
                             .info = *clients_[connection.slot].info,
                             .options = options_,
                             .stats = stats_},
                            input);
}

void ListenerImpl::on_closed(Connection& connection) {
  stats_.active_connections.subtract();
  const size_t slot = connection.slot;
  std::swap(clients_[slot], clients_.back());
  clients_[slot].connection->slot = slot;
  clients_.pop_back();
  report_drained();
}

void ListenerImpl::start_sweeping() {
  if (sweeping_) return;
  sweeping_ = true;
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([self = std::weak_ptr(self_)](error_code error) {
    const auto alive = self.lock();
    if (!error && alive) (*alive)->sweep();
  });
}

void ListenerImpl::sweep() {
  sweeping_ = false;
  const auto now = std::chrono::steady_clock::now();
  // From the back: a connection that closes is replaced by the last one.
  for (size_t i = clients_.size(); i-- > 0;) {
    if (i < clients_.size()) clients_[i].connection->sweep(now);
  }
  if (!clients_.empty()) start_sweeping();
}

void ListenerImpl::stop_accepting() {
  for (const auto& acceptor : acceptors_) acceptor->close();
}

void ListenerImpl::take_in_and_close() {
  for (const auto& acceptor : acceptors_) {
    acceptor->take_waiting();
    acceptor->close();
  }
}

void ListenerImpl::drain(std::function<void()> done) {
  take_in_and_close();
  drained_ = std::move(done);
  end_idle_connections();
  report_drained();
}

void ListenerImpl::drain_after_next(std::function<void()> done) {
  take_in_and_close();
  drained_ = std::move(done);
  for (size_t i = clients_.size(); i-- > 0;) {
    if (i < clients_.size()) clients_[i].connection->drain_after_next();
  }
  report_drained();
}

void ListenerImpl::retire(std::function<void()> done) {
  drained_ = std::move(done);
  for (const auto& acceptor : acceptors_) acceptor->leave_out_newcomers();
  end_idle_connections();
  retire_timer_.expires_after(kHandshakeTime);
  retire_timer_.async_wait([self = std::weak_ptr(self_)](const error_code&) {
    const auto alive = self.lock();
    if (!alive) return;
    (*alive)->take_in_and_close();
    (*alive)->report_drained();
  });
}

void ListenerImpl::end_idle_connections() {
  for (size_t i = clients_.size(); i-- > 0;) {
    if (i < clients_.size()) clients_[i].connection->drain();
  }
}

void ListenerImpl::report_drained() {
  if (!drained_ || !clients_.empty() || acceptors_.front()->is_open()) return;
  asio::post(io_, [done = std::exchange(drained_, nullptr)] { done(); });
}

void ListenerImpl::close_connections() {
  while (!clients_.empty()) clients_.back().connection->close("the listener closes");
}

void ListenerImpl::drain_chain(uint64_t chain) {
  for (size_t i = clients_.size(); i-- > 0;) {
    if (i < clients_.size() && clients_[i].info->chain == chain) clients_[i].connection->drain();
  }
}

void ListenerImpl::close_chain(uint64_t chain) {
  for (size_t i = clients_.size(); i-- > 0;) {
    if (i < clients_.size() && clients_[i].info->chain == chain) {
      clients_[i].connection->close("the filter chain has gone");
    }
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::make(asio::io_context& io,
                                                 const ListenerOptions& options,
                                                 CodecFactory& codecs,
                                                 std::vector<Descriptor> sockets) {
  auto listener = std::make_unique<ListenerImpl>(io, options, codecs);
  WEIR_TRY(listener->open(std::move(sockets)));
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace weir::serve

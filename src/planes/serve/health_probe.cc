#include "planes/serve/health_probe.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "planes/serve/tls_codec.h"

namespace weir::serve {
namespace {

// Of what comes by TCP, at most so much is looked at.
constexpr size_t kMostReceived = 64 * 1024;

}  // namespace

// It outlives neither the connection nor the probe.
class HealthProbe::Securing final : public TlsUser {
 public:
  Securing(HealthProbe& probe, Connection& connection) : probe_(probe), connection_(connection) {}

  void on_secured(std::shared_ptr<const TlsInfo>) override {}
  std::unique_ptr<Codec> choose_codec(ReadBuffer&) override {
    return probe_.make_codec(connection_);
  }
  void on_failed(Disconnect, std::string_view) override { probe_.finish(Outcome::Failed); }

 private:
  HealthProbe& probe_;
  Connection& connection_;
};

HealthProbe::HealthProbe(asio::io_context& io, const asio::ip::tcp::endpoint& address,
                         const ClusterSettings& settings, const config::HealthCheck& check,
                         Done done)
    : address_(address),
      settings_(settings),
      check_(check),
      done_(std::move(done)),
      socket_(io),
      deadline_(io) {}

HealthProbe::~HealthProbe() {
  self_.reset();
  finished_ = true;
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->release();
  if (connection_ != nullptr) connection_->close("the check is over");
}

void HealthProbe::start() {
  deadline_.expires_after(check_.timeout);
  deadline_.async_wait([self = std::weak_ptr(self_)](const error_code& error) {
    const auto alive = self.lock();
    if (!error && alive) (*alive)->finish(Outcome::Failed);
  });
  socket_.async_connect(address_, [self = std::weak_ptr(self_)](const error_code& error) {
    const auto alive = self.lock();
    if (!alive) return;
    error ? (*alive)->finish(Outcome::Failed) : (*alive)->on_connected();
  });
}

void HealthProbe::on_connected() {
  if (finished_) return;
  connection_ = std::make_shared<Connection>(
      std::move(socket_), static_cast<ConnectionOwner&>(*this), ConnectionTimeouts{},
      TrafficCounters{.received_bytes = stats_.received_bytes, .sent_bytes = stats_.sent_bytes},
      std::chrono::steady_clock::now());
  connection_->start();
}

std::unique_ptr<Codec> HealthProbe::choose_codec(Connection& connection, ReadBuffer&) {
  if (settings_.tls == nullptr) return make_codec(connection);
  return make_tls_codec({.carrier = connection,
                         .context = settings_.tls,
                         .stats = stats_.tls,
                         .handshake_timeout = check_.timeout},
                        std::make_unique<Securing>(*this, connection));
}

std::unique_ptr<Codec> HealthProbe::make_codec(Connection& connection) {
  if (std::holds_alternative<config::TcpHealthCheck>(check_.how)) {
    RawEvents& events = *this;
    auto codec = std::make_unique<RawCodec>(connection, events);
    raw_ = codec.get();
    return codec;
  }
  const UpstreamCodecContext context{.carrier = connection, .settings = settings_, .stats = stats_};
  auto codec = settings_.http2 ? make_http2_client(context) : make_http1_client(context);
  http_ = codec.get();
  return codec;
}

void HealthProbe::on_settled(Connection&) {
  if (finished_) return;
  if (raw_ != nullptr) {
    const auto& tcp = std::get<config::TcpHealthCheck>(check_.how);
    if (tcp.receive.empty()) return finish(Outcome::Passed);
    if (tcp.send.empty() || matched_ > 0 || std::exchange(asked_, true)) return;
    Body data;
    data.append_copy(as_bytes(tcp.send));
    raw_->send(std::move(data), EndOfStream::No);
  } else if (http_ != nullptr && !std::exchange(asked_, true)) {
    ask();
  }
}

void HealthProbe::ask() {
  if (http_->capacity() == 0) return finish(Outcome::Failed);
  const auto& http = std::get<config::HttpHealthCheck>(check_.how);
  UpstreamEvents& events = *this;
  stream_ = &http_->open(events);
  stream_->headers(HeaderList{{":method", http.method},
                              {":path", http.path},
                              {":scheme", settings_.tls == nullptr ? "http" : "https"},
                              {":authority", http.host.empty() ? settings_.name : http.host},
                              {"user-agent", "weir/health-check"}},
                   EndOfStream::Yes);
}

void HealthProbe::on_headers(HeaderList headers, EndOfStream) {
  finish(expects(headers.find(":status").value_or("")) ? Outcome::Passed : Outcome::Refused);
}

bool HealthProbe::expects(std::string_view status) const {
  uint32_t number = 0;
  std::from_chars(status.data(), status.data() + status.size(), number);
  const auto& ranges = std::get<config::HttpHealthCheck>(check_.how).expected;
  return std::ranges::any_of(
      ranges, [&](const auto& range) { return number >= range.first && number < range.second; });
}

void HealthProbe::on_broken(Break, std::string_view) {
  stream_ = nullptr;
  finish(Outcome::Failed);
}

void HealthProbe::on_data(Body data) {
  const auto& wanted = std::get<config::TcpHealthCheck>(check_.how).receive;
  for (const Slice& slice : data.slices()) received_ += as_text(slice.bytes());
  while (matched_ < wanted.size()) {
    const size_t at = received_.find(wanted[matched_]);
    if (at == std::string::npos) break;
    received_.erase(0, at + wanted[matched_].size());
    ++matched_;
  }
  if (matched_ == wanted.size()) return finish(Outcome::Passed);
  if (received_.size() > kMostReceived) finish(Outcome::Failed);
}

void HealthProbe::on_closed(Connection&) {
  connection_.reset();
  http_ = nullptr;
  raw_ = nullptr;
  finish(Outcome::Failed);
}

void HealthProbe::finish(Outcome outcome) {
  if (std::exchange(finished_, true)) return;
  deadline_.cancel();
  asio::post(deadline_.get_executor(), [self = std::weak_ptr(self_), outcome] {
    if (const auto alive = self.lock()) {
      const Done done = (*alive)->done_;
      done(outcome);
    }
  });
}

}  // namespace weir::serve

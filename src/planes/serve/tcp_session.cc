#include "planes/serve/tcp_session.h"

#include <utility>

#include "planes/serve/access_logs.h"
#include "planes/serve/session_record.h"
#include "planes/serve/tcp_attributes.h"
#include "planes/serve/tls_codec.h"

namespace weir::serve {

using abi::PeerType;
using runtime::Direction;

namespace {

// How long a peer may take nothing of what was written to it before its connection was closed.
constexpr Milliseconds kLastWords{30'000};

constexpr uint32_t bit(ResponseFlag flag) { return static_cast<uint32_t>(flag); }

UpstreamInfo describe(const Connection& connection) {
  const auto remote = connection.remote_endpoint();
  const auto local = connection.local_endpoint();
  return {.address = to_text(remote),
          .port = remote.port(),
          .local_address = to_text(local),
          .local_port = local.port()};
}

}  // namespace

std::unique_ptr<Codec> TcpSession::make(const TcpParts& parts, Carrier& client,
                                        const ConnectionInfo& info,
                                        std::span<const MakeNetworkContext> plugins) {
  auto* session = new TcpSession(parts, info, plugins);
  auto codec = std::make_unique<RawCodec>(client, session->client_side_);
  session->client_ = codec.get();
  parts.open.push_back(*session);
  session->chain_.start();
  // A plugin may have failed while its context was made.
  if (session->ending_) session->client_->abort(Ending::Linger);
  return codec;
}

TcpSession::TcpSession(const TcpParts& parts, const ConnectionInfo& info,
                       std::span<const MakeNetworkContext> plugins)
    : parts_(parts),
      info_(info),
      target_(&parts.targets.draw()),
      client_side_(*this, Direction::Request),
      upstream_side_(*this, Direction::Response),
      chain_(*this, plugins, parts.buffer_limit) {
  facts_.started_wall = parts.clock.wall();
  facts_.started = parts.clock.monotonic();
  parts.stats.sessions.add();
  parts.stats.active_sessions.add();
  note_activity();
}

TcpSession::~TcpSession() {
  destroyed_ = true;
  if (facts_.ended.count() == 0) facts_.ended = parts_.clock.monotonic();
  write_logs();
  parts_.stats.active_sessions.subtract();
  if (upstream_connection_ != nullptr) upstream_connection_->close("the session is over");
}

void TcpSession::on_data(Direction from, Body data) {
  note_activity();
  if (from == Direction::Request) {
    facts_.received_bytes += data.size();
    parts_.stats.received_bytes.add(data.size());
  }
  if (!ending_) chain_.data(from, std::move(data), EndOfStream::No);
}

void TcpSession::on_end(Direction from) {
  note_activity();
  if (!ending_) chain_.data(from, {}, EndOfStream::Yes);
}

void TcpSession::on_sent() {
  note_activity();
  apply_throttles();
}

void TcpSession::on_established() {
  if (!ending_) dial();
}

void TcpSession::dial() {
  ++attempts_;
  dial_ = target_->cluster->dial(*this);
}

void TcpSession::on_connected(Dialed& dialed) {
  dial_.reset();
  dialed.stats.connections.add();
  dialed.stats.active_connections.add();
  upstream_stats_ = &dialed.stats;
  upstream_settings_ = &dialed.settings;
  upstream_known_ = true;
  upstream_connection_ = std::make_shared<Connection>(
      std::move(dialed.socket), static_cast<ConnectionOwner&>(*this), ConnectionTimeouts{},
      TrafficCounters{.received_bytes = dialed.stats.received_bytes,
                      .sent_bytes = dialed.stats.sent_bytes},
      std::chrono::steady_clock::now());
  upstream_info_ = describe(*upstream_connection_);
  note_activity();
  upstream_connection_->start();
}

// Bytes wait in the codec until the connection is secured.
class TcpSession::Securing final : public TlsUser {
 public:
  Securing(TcpSession& session, std::unique_ptr<RawCodec> codec)
      : session_(session), codec_(std::move(codec)) {}

  void on_secured(std::shared_ptr<const TlsInfo> info) override {
    session_.upstream_info_->tls = std::move(info);
  }
  std::unique_ptr<Codec> choose_codec(ReadBuffer&) override { return std::move(codec_); }
  void on_failed(Disconnect how, std::string_view reason) override {
    codec_->disconnected(how, reason);
  }

 private:
  TcpSession& session_;
  std::unique_ptr<RawCodec> codec_;
};

std::unique_ptr<Codec> TcpSession::choose_codec(Connection& connection, ReadBuffer&) {
  auto codec = std::make_unique<RawCodec>(connection, upstream_side_);
  upstream_ = codec.get();
  if (!early_.empty() || early_end_) {
    upstream_->send(early_.take_all(), early_end_ ? EndOfStream::Yes : EndOfStream::No);
  }
  apply_throttles();
  if (upstream_settings_->tls == nullptr) return codec;
  return make_tls_codec({.carrier = connection,
                         .context = upstream_settings_->tls,
                         .stats = upstream_stats_->tls,
                         .handshake_timeout = upstream_settings_->connect_timeout},
                        std::make_unique<Securing>(*this, std::move(codec)));
}

void TcpSession::on_connect_failed(std::string_view reason) {
  dial_.reset();
  if (attempts_ < parts_.proxy.max_connect_attempts) return dial();
  parts_.stats.failed_connects.add();
  uint32_t flags = bit(ResponseFlag::UpstreamConnectionFailure);
  if (attempts_ > 1) flags |= bit(ResponseFlag::UpstreamRetryLimitExceeded);
  end(reason, flags, true);
}

void TcpSession::on_passed(Direction direction, Body data, EndOfStream end) {
  if (direction == Direction::Response) {
    facts_.sent_bytes += data.size();
    parts_.stats.sent_bytes.add(data.size());
    if (client_ != nullptr) client_->send(std::move(data), end);
  } else if (upstream_known_) {
    if (upstream_ != nullptr) upstream_->send(std::move(data), end);
  } else {
    early_.append(std::move(data));
    if (end == EndOfStream::Yes) early_end_ = true;
  }
}

void TcpSession::apply_throttles() {
  const uint64_t limit = parts_.buffer_limit;
  if (client_ != nullptr) {
    const uint64_t waiting = upstream_ != nullptr ? upstream_->backlog() : early_.size();
    client_->set_paused(!ending_ && (waiting > limit || chain_.holds_back(Direction::Request)));
  }
  if (upstream_ != nullptr) {
    const uint64_t waiting = client_ != nullptr ? client_->backlog() : 0;
    upstream_->set_paused(!ending_ && (waiting > limit || chain_.holds_back(Direction::Response)));
  }
}

void TcpSession::on_close_wanted(size_t plugin, Direction) {
  if (!ending_) facts_.plugin = parts_.plugin_names[plugin];
  end("closed by a plugin", 0, false);
}

void TcpSession::on_plugin_failed(size_t plugin, std::string_view reason) {
  parts_.stats.failed_plugins.add();
  if (!ending_) facts_.plugin = parts_.plugin_names[plugin];
  end(reason, 0, true);
}

void TcpSession::on_timeout() {
  if (ending_) {
    if (client_ != nullptr) client_->abort(Ending::Close);
    if (upstream_ != nullptr) upstream_->abort(Ending::Close);
    return;
  }
  parts_.stats.idle_timeouts.add();
  end("idle timeout", bit(ResponseFlag::StreamIdleTimeout), true);
}

void TcpSession::note_activity() {
  const Milliseconds limit = ending_ ? kLastWords : parts_.proxy.idle_timeout;
  if (limit.count() > 0 && !finishing_) parts_.timeouts.start(*this, limit);
}

void TcpSession::note_end(std::string_view why, uint32_t flags) {
  if (ending_) return;
  ending_ = true;
  note_activity();
  facts_.details = why;
  facts_.flags |= flags;
}

void TcpSession::end(std::string_view why, uint32_t flags, bool at_once) {
  note_end(why, flags);
  dial_.reset();
  if (client_ != nullptr) at_once ? client_->abort(Ending::Linger) : client_->close(Ending::Linger);
  if (upstream_ != nullptr) {
    at_once ? upstream_->abort(Ending::Close) : upstream_->close(Ending::Close);
  }
}

void TcpSession::on_side_closed(Direction side, Disconnect how, std::string_view reason) {
  const bool is_client = side == Direction::Request;
  (is_client ? client_ : upstream_) = nullptr;
  if (destroyed_) return;
  const bool by_us = how == Disconnect::Broken;
  const std::string why(reason);
  // Where it has ended in order, the other side has heard of its end already.
  if (how != Disconnect::EndOfInput) {
    if (is_client) {
      note_end(why, by_us ? 0 : bit(ResponseFlag::DownstreamConnectionTermination));
      dial_.reset();
      if (upstream_ != nullptr) upstream_->abort(Ending::Close);
    } else {
      note_end(why, by_us ? 0 : bit(ResponseFlag::UpstreamConnectionTermination));
      if (client_ != nullptr) client_->close(Ending::Linger);
    }
  }
  chain_.closed(side, by_us ? PeerType::Local : PeerType::Remote);
  apply_throttles();
  finish_if_closed();
}

void TcpSession::on_closed(Connection&) {
  upstream_stats_->active_connections.subtract();
  upstream_connection_.reset();
  finish_if_closed();
}

void TcpSession::finish_if_closed() {
  if (destroyed_ || finishing_) return;
  if (client_ != nullptr || upstream_connection_ != nullptr) return;
  finishing_ = true;
  dial_.reset();
  stop();
  facts_.ended = parts_.clock.monotonic();
  write_logs();
  chain_.finish();
}

void TcpSession::write_logs() {
  if (parts_.logs == nullptr || std::exchange(logged_, true)) return;
  SessionRecord record(*this);
  parts_.logs->write(record);
}

void TcpSession::on_plugins_finished() {
  OpenSessionHook::unlink();
  parts_.reaper.bury(std::unique_ptr<TcpSession>(this));
}

runtime::PropertyValue TcpSession::connection_attribute(runtime::Attribute attribute) const {
  return tcp_attribute(*this, attribute);
}

void destroy_all(TcpSessions& sessions) {
  while (!sessions.empty()) delete &sessions.front();
}

}  // namespace weir::serve

// How a TcpConnection comes to its upstream, and what lies between its plugins and both peers.

#include <utility>

#include "planes/ats/addresses.h"
#include "planes/ats/tcp_connection.h"

namespace weir::ats_plane {

using abi::EndOfStream;
using serve::Body;
using serve::ResponseFlag;

void TcpConnection::connect() {
  if (!dial_) {
    const sockaddr* told = gate_.client();
    dial_.emplace(listener_, continuation_,
                  told != nullptr ? told : TSNetVConnRemoteAddrGet(client_.connection.get()));
    dial_->start();
  }
  dial_->go_on();
  if (!dial_->failure().empty()) {
    on_dial_failed(dial_->failure());
  } else if (const TSVConn connection = dial_->take()) {
    on_dialed(connection);
  }
}

void TcpConnection::on_dialed(TSVConn connection) {
  dial_.reset();
  const bool is_http = !listener_.port().upstream;
  if (!is_http) {
    facts_.upstream = std::make_unique<const serve::UpstreamInfo>(
        serve::UpstreamInfo{.address = to_text(TSNetVConnRemoteAddrGet(connection)),
                            .port = port_of(TSNetVConnRemoteAddrGet(connection)),
                            .local_address = to_text(TSNetVConnLocalAddrGet(connection)),
                            .local_port = port_of(TSNetVConnLocalAddrGet(connection))});
  }
  upstream_.existed = true;
  upstream_.connection.open(
      connection, continuation_,
      is_http ? ServerConnection::Kind::Http : ServerConnection::Kind::Socket);
}

void TcpConnection::on_dial_failed(std::string_view why) {
  listener_.stats().failed_connects.add(1);
  const std::string reason(why);
  dial_.reset();
  upstream_.closed = true;
  end(reason, ResponseFlag::UpstreamConnectionFailure, true);
}

void TcpConnection::establish() {
  if (phase_ != Phase::Connecting || !upstream_.connection.is_writable()) return;
  if (is_secured()) {
    if (tls_) {
      serve::UpstreamInfo info = *facts_.upstream;
      info.tls = tls_->info();
      facts_.upstream = std::make_unique<const serve::UpstreamInfo>(std::move(info));
    }
    return enter(Phase::Carrying);
  }
  const bool failed = tls_->state() == UpstreamTls::State::Failed;
  if (!failed && !upstream_.connection.input_ended()) return;
  const std::string why = failed ? tls_->failure() : "the upstream has closed";
  flush_tls();  // it may be told why
  upstream_.connection.flush();
  upstream_.connection.close();
  upstream_.existed = false;
  on_dial_failed("TLS with " + listener_.upstream() + " failed: " + why);
}

void TcpConnection::flush_tls() {
  if (!tls_ || !upstream_.connection.is_open()) return;
  upstream_.connection.send(tls_->take_output(),
                            tls_->output_ended() ? EndOfStream::Yes : EndOfStream::No);
  if (phase_ == Phase::Carrying && tls_->state() == UpstreamTls::State::Failed) {
    end("TLS with " + listener_.upstream() + " failed: " + tls_->failure(),
        ResponseFlag::UpstreamConnectionTermination, true);
  }
}

std::pair<Body, bool> TcpConnection::take_input(Direction from) {
  ServerConnection& connection = side(from).connection;
  if (from == Direction::Request) {
    Body data = gate_.take_rest();
    data.append(connection.take_input());
    return {std::move(data), connection.input_ended()};
  }
  Body data = connection.take_input();
  if (!tls_) return {std::move(data), connection.input_ended()};
  data = tls_->receive(std::move(data));
  const bool ended = connection.input_ended() || tls_->input_ended();
  return {std::move(data), ended && is_secured()};
}

void TcpConnection::send(Direction to, Body data, EndOfStream end) {
  if (to == Direction::Response && tls_) {
    tls_->send(std::move(data), end);
  } else {
    side(to).connection.send(std::move(data), end);
  }
}

uint64_t TcpConnection::backlog(Direction to) const {
  if (to == Direction::Request) return client_.connection.backlog();
  return upstream_.connection.backlog() + (tls_ ? tls_->backlog() : 0);
}

}  // namespace weir::ats_plane

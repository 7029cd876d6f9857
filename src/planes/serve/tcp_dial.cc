#include "planes/serve/tcp_dial.h"

#include <boost/asio/post.hpp>

namespace weir::serve {

using asio::ip::tcp;

TcpDial::TcpDial(asio::io_context& io, const ClusterSettings& settings, ClusterStats& stats,
                 DialOwner& owner, DialEvents& events)
    : settings_(settings), stats_(stats), owner_(owner), events_(events), socket_(io), timer_(io) {}

void TcpDial::start() {
  timer_.expires_after(settings_.connect_timeout);
  timer_.async_wait([self = std::weak_ptr(self_)](const error_code& error) {
    const auto alive = self.lock();
    if (error || !alive) return;
    TcpDial& dial = **alive;
    // Where an address is tried, its handler tells.
    error_code ignored;
    if (dial.address_) {
      dial.socket_.close(ignored);
    } else {
      dial.fail("the cluster's name was not resolved in time");
    }
  });
  on_resolved();
}

void TcpDial::on_resolved() {
  if (address_ || failing_) return;
  if (const auto address = owner_.next_address()) {
    connect(*address);
  } else if (!owner_.expects_addresses()) {
    fail_later(std::string(owner_.why_no_address()));
  }
}

void TcpDial::connect(const tcp::endpoint& address) {
  address_ = address;
  socket_.async_connect(address, [self = std::weak_ptr(self_)](const error_code& error) {
    if (const auto alive = self.lock()) (*alive)->on_connect(error);
  });
}

void TcpDial::on_connect(const error_code& error) {
  timer_.cancel();
  const bool timed_out = error == asio::error::operation_aborted;
  owner_.on_dialed(*address_, !error      ? DialOwner::Outcome::Connected
                              : timed_out ? DialOwner::Outcome::TimedOut
                                          : DialOwner::Outcome::Refused);
  if (error) {
    return fail("connect to " + to_text(*address_) + ": " +
                (timed_out ? "timed out" : error.message()));
  }
  Dialed dialed{.socket = std::move(socket_), .settings = settings_, .stats = stats_};
  unlink();
  events_.on_connected(dialed);
}

void TcpDial::fail_later(std::string reason) {
  failing_ = true;
  asio::post(socket_.get_executor(), [self = std::weak_ptr(self_), reason = std::move(reason)] {
    if (const auto alive = self.lock()) (*alive)->fail(reason);
  });
}

void TcpDial::fail(const std::string& reason) {
  timer_.cancel();
  if (is_linked()) unlink();
  events_.on_connect_failed(reason);
}

}  // namespace weir::serve

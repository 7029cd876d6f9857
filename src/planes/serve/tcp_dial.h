#pragma once
// A connection to a cluster for somebody who speaks a protocol of their own on it.

#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "planes/serve/cluster.h"
#include "planes/serve/exchange.h"
#include "planes/serve/net.h"

namespace weir::serve {

// What has been connected. Settings and counters are the cluster's, and outlive what is made of the
// socket.
struct Dialed {
  TcpSocket socket;
  const ClusterSettings& settings;
  ClusterStats& stats;
};

// One of the two is called, once, from the event loop; it may destroy the Dial. Thread: the
// worker's.
class DialEvents {
 public:
  virtual void on_connected(Dialed& dialed) = 0;
  virtual void on_connect_failed(std::string_view reason) = 0;

 protected:
  ~DialEvents() = default;
};

// What a dial asks of its cluster. Thread: its worker's.
class DialOwner {
 public:
  // The endpoint to try next; nothing where the cluster has no address.
  virtual std::optional<asio::ip::tcp::endpoint> next_address() = 0;
  // Names are being looked up; TcpDial::on_resolved() will be called.
  virtual bool expects_addresses() const = 0;
  virtual std::string_view why_no_address() const = 0;
  enum class Outcome : uint8_t { Connected, Refused, TimedOut };
  virtual void on_dialed(const asio::ip::tcp::endpoint& address, Outcome outcome) = 0;

 protected:
  ~DialOwner() = default;
};

// Tries one address, for as long as the cluster's connect time-out. Everything given to it outlives
// it. Thread: its worker's.
class TcpDial final : public Dial,
                      public boost::intrusive::list_base_hook<
                          boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  TcpDial(asio::io_context& io, const ClusterSettings& settings, ClusterStats& stats,
          DialOwner& owner, DialEvents& events);

  void start();
  // A lookup has ended, well or not.
  void on_resolved();

 private:
  void connect(const asio::ip::tcp::endpoint& address);
  void on_connect(const error_code& error);
  void fail_later(std::string reason);
  void fail(const std::string& reason);

  const ClusterSettings& settings_;
  ClusterStats& stats_;
  DialOwner& owner_;
  DialEvents& events_;
  TcpSocket socket_;
  Timer timer_;
  std::optional<asio::ip::tcp::endpoint> address_;  // once one is tried
  bool failing_ = false;
  // Handlers that come after the end find it expired.
  std::shared_ptr<TcpDial*> self_ = std::make_shared<TcpDial*>(this);
};

using TcpDials = boost::intrusive::list<TcpDial, boost::intrusive::constant_time_size<false>>;

}  // namespace weir::serve

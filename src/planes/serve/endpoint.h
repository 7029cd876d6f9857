#pragma once
// One address of a cluster, and the connections to it.

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "planes/serve/connection.h"
#include "planes/serve/upstream_request.h"

namespace weir::serve {

// What an endpoint asks of its cluster. Thread: its worker's.
class EndpointOwner {
 public:
  // The endpoint could not be connected; `request` may try another one.
  virtual void on_refused(UpstreamRequest& request, std::string_view reason) = 0;
  virtual Connection::Time now() const = 0;  // of the last sweep

 protected:
  ~EndpointOwner() = default;
};

// Everything given to it outlives it. Destroying it closes its connections. Thread: its worker's.
class Endpoint final : private ConnectionOwner {
 public:
  Endpoint(asio::io_context& io, const asio::ip::tcp::endpoint& address,
           const ClusterSettings& settings, ClusterStats& stats, EndpointOwner& owner);
  ~Endpoint();

  const asio::ip::tcp::endpoint& address() const { return address_; }

  // Gives the request a connection, now or when there is one.
  void serve(UpstreamRequest& request);

  // False for a while after a connection could not be made.
  bool is_usable() const { return owner_.now() >= usable_from_; }

  // What became of a connection that somebody else made to it.
  void note_connected();
  void note_connect_failure();

  void sweep(Connection::Time now);

  // The address is no longer the cluster's: ends its connections one by one.
  void drain();
  bool is_empty() const;

 private:
  struct Kept {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<const UpstreamInfo> info;
    UpstreamCodec* codec = nullptr;  // the connection's
    bool http2 = false;
    bool used = false;  // has served a request
    bool idle = false;  // in idle_
  };

  // A connection being made.
  struct Dial {
    TcpSocket socket;
    Connection::Time deadline;
    bool http2;
  };
  using Dials = std::list<Dial>;

  std::unique_ptr<Codec> choose_codec(Connection& connection, Bytes first) override;
  void on_settled(Connection& connection) override;
  void on_closed(Connection& connection) override;

  Kept* find_http1(const UpstreamRequest& request);
  Kept* find_http2();
  void attach(Kept& kept, UpstreamRequest& request);
  void dial_if_needed(bool http2);
  void dial(bool http2);
  void on_dialed(Dials::iterator dial, error_code error);
  void connection_failed(bool http2, std::string_view reason);
  void add(Dial& dial);
  // How many requests the connections that are being made will take.
  size_t expected(bool http2) const;
  WaitingList& waiting(bool http2) { return http2 ? waiting_http2_ : waiting_http1_; }

  asio::io_context& io_;
  const asio::ip::tcp::endpoint address_;
  const ClusterSettings& settings_;
  ClusterStats& stats_;
  EndpointOwner& owner_;
  std::vector<Kept> connections_;  // each at its connection's slot
  std::vector<Connection*> idle_;  // HTTP/1, the last used last
  Dials dials_;
  WaitingList waiting_http1_;
  WaitingList waiting_http2_;
  Connection::Time usable_from_{};
  Milliseconds pause_{};
  // Handlers that come after the end find it expired.
  std::shared_ptr<Endpoint*> self_ = std::make_shared<Endpoint*>(this);
};

}  // namespace weir::serve

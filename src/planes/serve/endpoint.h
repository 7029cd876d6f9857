#pragma once
// One address of a cluster, and the connections to it.

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "planes/serve/connection.h"
#include "planes/serve/health_checker.h"
#include "planes/serve/tls_session.h"
#include "planes/serve/upstream_request.h"

namespace weir::serve {

// What an endpoint asks of its cluster. Thread: its worker's.
class EndpointOwner {
 public:
  // The endpoint could not be connected; `request` may try another one.
  virtual void on_refused(UpstreamRequest& request, std::string_view reason) = 0;
  // Whether one more request may wait for a connection; false: it has been failed, for later.
  virtual bool may_wait(UpstreamRequest& request) = 0;
  virtual void on_health_changed() = 0;
  // Where results of an endpoint are told; null: nowhere.
  virtual std::shared_ptr<OutlierRecord> make_record() = 0;
  virtual void forget(OutlierRecord& record) = 0;
  // The endpoint has passed its health checks, whether or not it had before.
  virtual void on_health_check_passed(OutlierRecord& record) = 0;
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

  // Requests that wait for a connection.
  size_t waiting() const;
  // Requests that are counted here (UpstreamRequest::count_in).
  const std::shared_ptr<uint32_t>& load() const { return load_; }

  // Whether its health checks say so; it has none, or not ended the first: true.
  bool is_healthy() const { return checker_ == nullptr || checker_->is_healthy(); }
  size_t connections() const { return connections_.size(); }
  bool is_ejected() const { return record_ != nullptr && record_->is_ejected(); }

  // What became of a connection that somebody else made to it, and speaks another protocol on.
  void note_served();
  void note_refused(bool timed_out);

  void sweep(Connection::Time now);

  // The address is no longer the cluster's: ends its connections one by one.
  void drain();
  bool is_empty() const;

 private:
  // Connections that requests may share: of one protocol, and where requests say whom they are
  // for, of one server name.
  struct Pool {
    bool http2;
    std::string server_name;
    WaitingList waiting;
    std::vector<Connection*> idle;  // HTTP/1, the last used last
    size_t members = 0;             // its connections, made or being made
    TlsResumption resumption;
  };
  using Pools = std::map<std::string, Pool, std::less<>>;

  struct Kept {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<const UpstreamInfo> info;
    Pool* pool;
    UpstreamCodec* codec = nullptr;  // the connection's; null until it is chosen
    bool failed = false;             // could not be secured
    bool used = false;               // has served a request
    bool idle = false;               // in the pool's
  };

  // A connection being made.
  struct Dial {
    TcpSocket socket;
    Connection::Time deadline;
    Pool* pool;
  };
  using Dials = std::list<Dial>;

  // What becomes of a connection that is to be secured.
  class Securing;

  std::unique_ptr<Codec> choose_codec(Connection& connection, ReadBuffer& input) override;
  void on_settled(Connection& connection) override;
  void on_closed(Connection& connection) override;

  Pool& pool_of(const UpstreamRequest& request);
  Kept* find_http1(Pool& pool, const UpstreamRequest& request);
  Kept* find_http2(const Pool& pool);
  void attach(Kept& kept, UpstreamRequest& request);
  void dial_if_needed(Pool& pool);
  void dial(Pool& pool);
  // Ends a connection of another pool that serves nobody.
  void make_room(const Pool& pool);
  template <typename Visit>
  void for_each_pool(Visit visit) {
    for (Pools& pools : pools_) {
      for (auto& [name, pool] : pools) visit(pool);
    }
  }
  void on_dialed(Dials::iterator dial, error_code error);
  void note_connected();
  void note_connect_failure(bool timed_out);
  void on_healthy();
  // `transport_failure`: the system's or TLS's word for it.
  void connection_failed(Pool& pool, bool timed_out, std::string_view reason,
                         std::string_view transport_failure);
  void add(Dial& dial);
  std::unique_ptr<UpstreamCodec> make_codec(Connection& connection);
  void on_not_secured(Connection& connection, std::string_view reason);
  // How many requests the pool's connections that are being made, or secured, will take.
  size_t expected(const Pool& pool) const;

  asio::io_context& io_;
  const asio::ip::tcp::endpoint address_;
  const ClusterSettings& settings_;
  ClusterStats& stats_;
  EndpointOwner& owner_;
  std::vector<Kept> connections_;  // each at its connection's slot
  Dials dials_;
  Pools pools_[2];        // of HTTP/1 and HTTP/2, by server name
  bool starved_ = false;  // some pool waits for room
  Connection::Time usable_from_{};
  Milliseconds pause_{};
  const std::shared_ptr<uint32_t> load_ = std::make_shared<uint32_t>(0);
  std::shared_ptr<OutlierRecord> record_;   // null: results are told nowhere
  std::unique_ptr<HealthChecker> checker_;  // null: nothing is asked
  // Handlers that come after the end find it expired.
  std::shared_ptr<Endpoint*> self_ = std::make_shared<Endpoint*>(this);
};

}  // namespace weir::serve

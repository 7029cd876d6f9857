#pragma once
// A TCP connection on its way through plugins: from a client to an upstream, or to the server's own
// HTTP.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "planes/ats/call_owner.h"
#include "planes/ats/proxy_gate.h"
#include "planes/ats/server_connection.h"
#include "planes/ats/tcp_dial.h"
#include "planes/ats/tcp_facts.h"
#include "planes/ats/tcp_listener.h"
#include "planes/ats/upstream_tls.h"
#include "planes/ats/worker.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/network_chain.h"

namespace weir::ats_plane {

// The server tells its continuation what becomes of both connections, with the continuation's lock;
// what plugins ask for at other times waits for such an event (wake()). All but taking notice
// happens on the thread that accepted the connection.
//
// Each side may end by itself (half-close): the other side is told, and goes on. A side that breaks
// off ends the other: the upstream at once, the client after what was written to it. Bytes that the
// receiver does not take hold the sender back.
//
// Owns itself, until both sides have closed and every plugin has finished.
class TcpConnection final : public CallOwner, private serve::NetworkChainOwner {
 public:
  // Thread: that of the connection.
  static void begin(const TcpListener& listener, TSVConn client);

  // CallOwner
  void run(std::function<void()> event) override;
  std::shared_ptr<const CallTarget> find_target(std::string_view name) const override {
    return set_->generation().targets.find(name);
  }

 private:
  using Direction = runtime::Direction;
  enum class Phase : uint8_t { Asking, Connecting, Carrying, Ending, Closed };

  // One of the two connections.
  struct Side {
    ServerConnection connection;
    bool existed = false;
    bool closed = false;     // it is, or never was
    bool end_told = false;   // the plugins have heard that no more comes
    bool closing = false;    // by us, after what was written
    bool aborted = false;    // by us, at once
    bool held_back = false;  // its bytes are left alone
  };

  TcpConnection(const TcpListener& listener, std::shared_ptr<WorkerSet> set, TSVConn client);
  ~TcpConnection();

  static int on_event(TSCont continuation, TSEvent event, void* data);
  void note(TSEvent event, void* data);
  void work();
  void wake();
  // Thread: any.
  void schedule();

  // serve::NetworkChainOwner
  void on_established() override;
  void on_passed(Direction direction, serve::Body data, abi::EndOfStream end) override;
  void on_close_wanted(size_t plugin, Direction side) override;
  void on_plugin_failed(size_t plugin, std::string_view reason) override;
  void on_settled() override { wake(); }
  void on_plugins_finished() override;
  runtime::PropertyValue connection_attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }

  void start();
  // False: what the client has to say first has not all come in, or is nothing of the kind.
  bool pass_gate();
  bool is_before_gate() const { return listener_.port().proxy_protocol && !started_; }
  Side& side(Direction direction) { return direction == Direction::Request ? client_ : upstream_; }
  void receive(Direction from);
  // What has come from there since, in the clear, and whether that is all.
  std::pair<serve::Body, bool> take_input(Direction from);
  // What has passed the plugins goes there.
  void send(Direction to, serve::Body data, abi::EndOfStream end);
  uint64_t backlog(Direction to) const;

  void connect();
  void on_dialed(TSVConn connection);
  void on_dial_failed(std::string_view why);
  // Where the upstream is connected, and secured if it is to be, bytes are carried.
  void establish();
  // Brings the upstream's connection what TLS has to send.
  void flush_tls();
  bool is_secured() const { return !tls_ || tls_->state() == UpstreamTls::State::Open; }
  // Does to the connections what has been decided.
  void act();
  void throttle();
  void linger();
  void close_what_has_ended(Direction direction);
  bool has_ended(const Side& side) const;
  void finish_if_closed();
  void end(std::string_view why, serve::ResponseFlag flag, bool at_once);
  void note_end(std::string_view why, serve::ResponseFlag flag);

  void enter(Phase phase);
  Milliseconds patience() const;
  void on_timer();

  const TcpListener& listener_;
  const std::shared_ptr<WorkerSet> set_;
  Worker& worker_;
  TSCont continuation_;  // null: both sides have closed
  const TSEventThread home_;
  TSVConn accepted_;  // null: its client_ has been opened
  TcpFacts facts_;
  ProxyGate gate_;
  runtime::FilterState filter_state_;
  Side client_;
  Side upstream_;
  std::optional<TcpDial> dial_;
  std::optional<UpstreamTls> tls_;  // the upstream's
  std::unique_ptr<runtime::Timer> timer_;
  Nanoseconds last_activity_{};

  Phase phase_ = Phase::Asking;
  std::vector<std::function<void()>> tasks_;  // wait for the lock
  std::atomic<bool> scheduled_ = false;       // an event for the home thread is under way
  bool working_ = false;
  bool again_ = false;    // there is more to do
  bool started_ = false;  // plugins have been shown the connection
  bool lingers_ = false;  // its client has been sent everything, and closes
  bool timer_rang_ = false;
  bool finishing_ = false;     // plugins have been told
  bool finished_ = false;      // and it may go
  serve::NetworkChain chain_;  // after what plugins may look at
};

}  // namespace weir::ats_plane

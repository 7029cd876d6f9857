#pragma once
// One TCP connection from a client, carried to a cluster as it is: client, plugins, upstream, and
// back.

#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/connection.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/network_chain.h"
#include "planes/serve/raw_codec.h"
#include "planes/serve/reaper.h"
#include "planes/serve/tcp_dial.h"
#include "planes/serve/tcp_facts.h"
#include "planes/serve/tcp_targets.h"
#include "planes/serve/timeout_queue.h"
#include "runtime/filter_state.h"

namespace weir::serve {

class AccessLogs;
class TcpSession;

// A session also lies among those that wait for a time-out.
struct OpenSession;
using OpenSessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<OpenSession>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using TcpSessions = boost::intrusive::list<TcpSession, boost::intrusive::base_hook<OpenSessionHook>,
                                           boost::intrusive::constant_time_size<false>>;

// Thread: its worker's changes it, any reads it.
struct TcpStats {
  Counter sessions;
  Counter active_sessions;
  Counter idle_timeouts;
  Counter failed_connects;  // sessions that found no upstream
  Counter failed_plugins;   // sessions that a plugin's failure has ended
  Counter received_bytes;   // from clients
  Counter sent_bytes;       // to clients, what waits for them included
};

// What sessions of one listener in one generation share. All outlive them.
struct TcpParts {
  const config::TcpProxy& proxy;
  std::string_view filter_chain;  // its name, as the configuration has it
  TcpTargets& targets;
  uint64_t buffer_limit;  // of bytes that may wait in one direction in one place
  Reaper& reaper;
  TimeoutQueue& timeouts;
  const Clock& clock;
  TcpStats& stats;
  TcpSessions& open;                          // those that have not ended
  std::span<const std::string> plugin_names;  // in their order
  AccessLogs* logs;                           // null: none is kept
};

// Each side may end by itself (half-close): the other side is told, and goes on. A side that breaks
// off ends the other: the upstream at once, the client after what was written to it. Bytes that the
// receiver does not take hold the sender back. It goes by the Reaper, when both sides have closed
// and every plugin has finished. Thread: the worker's.
class TcpSession final : private NetworkChainOwner,
                         private DialEvents,
                         private ConnectionOwner,
                         private TimeoutQueue::Entry,
                         public OpenSessionHook {
 public:
  // Owns itself; what comes back is the client's side of it, for the connection that is `client`.
  // That outlives the codec.
  static std::unique_ptr<Codec> make(const TcpParts& parts, Carrier& client,
                                     const ConnectionInfo& info,
                                     std::span<const MakeNetworkContext> plugins);
  ~TcpSession();

  // What is known of the session, for attributes and logs.
  struct Facts : TcpFacts {
    std::string plugin;  // that has closed it or failed; empty: none has
  };
  const Facts& facts() const { return facts_; }
  const ConnectionInfo& connection() const { return info_; }
  const UpstreamInfo* upstream() const { return upstream_info_ ? &*upstream_info_ : nullptr; }
  const std::string& cluster() const { return target_->name; }
  std::string_view filter_chain() const { return parts_.filter_chain; }
  uint32_t attempts() const { return attempts_; }
  runtime::FilterState& filter_state() override { return filter_state_; }

 private:
  // What one of the two connections tells.
  class Side final : public RawEvents {
   public:
    Side(TcpSession& session, runtime::Direction direction)
        : session_(session), direction_(direction) {}
    void on_data(Body data) override { session_.on_data(direction_, std::move(data)); }
    void on_end() override { session_.on_end(direction_); }
    void on_sent() override { session_.on_sent(); }
    void on_closed(Disconnect how, std::string_view reason) override {
      session_.on_side_closed(direction_, how, reason);
    }

   private:
    TcpSession& session_;
    runtime::Direction direction_;
  };

  TcpSession(const TcpParts& parts, const ConnectionInfo& info,
             std::span<const MakeNetworkContext> plugins);

  void on_data(runtime::Direction from, Body data);
  void on_end(runtime::Direction from);
  void on_sent();
  void on_side_closed(runtime::Direction side, Disconnect how, std::string_view reason);

  // NetworkChainOwner
  void on_established() override;
  void on_passed(runtime::Direction direction, Body data, EndOfStream end) override;
  void on_close_wanted(size_t plugin, runtime::Direction side) override;
  void on_plugin_failed(size_t plugin, std::string_view reason) override;
  void on_settled() override { apply_throttles(); }
  void on_plugins_finished() override;
  runtime::PropertyValue connection_attribute(runtime::Attribute attribute) const override;

  // DialEvents
  void on_connected(Dialed& dialed) override;
  void on_connect_failed(std::string_view reason) override;

  // ConnectionOwner, of the upstream's.
  std::unique_ptr<Codec> choose_codec(Connection& connection, ReadBuffer& input) override;
  void on_settled(Connection&) override {}
  void on_closed(Connection& connection) override;

  // TimeoutQueue::Entry
  void on_timeout() override;

  // The codec behind TLS, which there may be none of any more.
  class Securing;

  void dial();
  void note_activity();
  void apply_throttles();
  // Ends both sides: the client's after what was written to it, or at once.
  void end(std::string_view why, uint32_t flags, bool at_once);
  void note_end(std::string_view why, uint32_t flags);
  void finish_if_closed();
  void write_logs();

  const TcpParts& parts_;
  const ConnectionInfo info_;
  const TcpTargets::Target* const target_;
  Facts facts_;
  runtime::FilterState filter_state_;
  Side client_side_;
  Side upstream_side_;
  RawCodec* client_ = nullptr;    // null once closed
  RawCodec* upstream_ = nullptr;  // null before it is connected, and once closed
  std::unique_ptr<Dial> dial_;
  uint32_t attempts_ = 0;
  std::optional<UpstreamInfo> upstream_info_;
  ClusterStats* upstream_stats_ = nullptr;
  const ClusterSettings* upstream_settings_ = nullptr;
  std::shared_ptr<Connection> upstream_connection_;
  // What has passed the plugins before the upstream was connected.
  Body early_;
  bool early_end_ = false;
  bool upstream_known_ = false;  // there is, or was, one
  bool ending_ = false;          // nothing more is carried
  bool finishing_ = false;
  bool destroyed_ = false;
  bool logged_ = false;
  NetworkChain chain_;  // after what plugins may look at
};

// Ends the sessions that still wait for something, when the worker ends. Their clients are closed.
void destroy_all(TcpSessions& sessions);

}  // namespace weir::serve

#include "planes/serve/endpoint.h"

#include <algorithm>

#include "base/check.h"
#include "planes/serve/tls_codec.h"

namespace weir::serve {
namespace {

using asio::ip::tcp;

// How long an address that cannot be connected is passed over while there are others: doubled each
// time, from one to the other.
constexpr Milliseconds kShortestPause{1'000};
constexpr Milliseconds kLongestPause{32'000};

// What one HTTP/2 connection that is still being made will surely carry.
constexpr size_t kStreamsPerDial = 100;

UpstreamInfo describe(const Connection& connection) {
  const tcp::endpoint remote = connection.remote_endpoint();
  const tcp::endpoint local = connection.local_endpoint();
  return {.address = to_text(remote),
          .port = remote.port(),
          .local_address = to_text(local),
          .local_port = local.port()};
}

}  // namespace

Endpoint::Endpoint(asio::io_context& io, const tcp::endpoint& address,
                   const ClusterSettings& settings, ClusterStats& stats, EndpointOwner& owner)
    : io_(io),
      address_(address),
      settings_(settings),
      stats_(stats),
      owner_(owner),
      record_(owner.make_record()) {
  if (settings_.health_checks.empty()) return;
  checker_ = std::make_unique<HealthChecker>(
      io, address, settings, stats,
      HealthChecker::Listener{.on_change = [this] { owner_.on_health_changed(); },
                              .on_passed = [this] { on_healthy(); }});
  checker_->start();
}

Endpoint::~Endpoint() {
  self_.reset();
  while (!connections_.empty()) connections_.back().connection->close("the cluster is gone");
}

size_t Endpoint::waiting() const {
  size_t n = 0;
  for (const Pools& pools : pools_) {
    for (const auto& [name, pool] : pools) n += pool.waiting.size();
  }
  return n;
}

bool Endpoint::is_empty() const { return connections_.empty() && dials_.empty() && waiting() == 0; }

Endpoint::Pool& Endpoint::pool_of(const UpstreamRequest& request) {
  Pools& pools = pools_[request.http2() ? 1 : 0];
  const auto found = pools.find(request.server_name());
  if (found != pools.end()) return found->second;
  Pool& pool = pools[request.server_name()];
  pool.http2 = request.http2();
  pool.server_name = request.server_name();
  return pool;
}

void Endpoint::serve(UpstreamRequest& request) {
  Pool& pool = pool_of(request);
  Kept* const kept = pool.http2 ? find_http2(pool) : find_http1(pool, request);
  if (kept != nullptr) return attach(*kept, request);
  if (!owner_.may_wait(request)) return;
  pool.waiting.push_back(request);
  dial_if_needed(pool);
}

Endpoint::Kept* Endpoint::find_http1(Pool& pool, const UpstreamRequest& request) {
  if (request.wants_fresh_connection()) return nullptr;
  while (!pool.idle.empty()) {
    Connection& connection = *pool.idle.back();
    pool.idle.pop_back();
    Kept& kept = connections_[connection.slot];
    kept.idle = false;
    if (kept.codec->capacity() == 0) continue;
    if (request.needs_live_connection() && !connection.is_quiet()) {
      kept.codec->drain();
      continue;
    }
    return &kept;
  }
  return nullptr;
}

Endpoint::Kept* Endpoint::find_http2(const Pool& pool) {
  const auto found = std::ranges::find_if(connections_, [&](const Kept& kept) {
    return kept.pool == &pool && kept.codec != nullptr && kept.codec->capacity() > 0;
  });
  return found == connections_.end() ? nullptr : &*found;
}

void Endpoint::on_healthy() {
  if (record_ != nullptr && is_healthy()) owner_.on_health_check_passed(*record_);
}

void Endpoint::attach(Kept& kept, UpstreamRequest& request) {
  request.report_to(record_);
  request.attach(*kept.codec, kept.info, std::exchange(kept.used, true));
}

void Endpoint::dial_if_needed(Pool& pool) {
  if (pool.waiting.size() <= expected(pool)) return;
  if (connections_.size() + dials_.size() >= settings_.limits.max_connections) {
    stats_.connection_overflows.add();
    starved_ = true;
    return make_room(pool);
  }
  dial(pool);
}

void Endpoint::make_room(const Pool& pool) {
  for (const Kept& kept : connections_) {
    if (kept.pool == &pool || kept.codec == nullptr || kept.codec->active() > 0) continue;
    return kept.codec->drain();
  }
}

size_t Endpoint::expected(const Pool& pool) const {
  const auto made = std::ranges::count(dials_, &pool, &Dial::pool) +
                    std::ranges::count_if(connections_, [&](const Kept& kept) {
                      return kept.pool == &pool && kept.codec == nullptr && !kept.failed;
                    });
  return static_cast<size_t>(made) * (pool.http2 ? kStreamsPerDial : 1);
}

void Endpoint::dial(Pool& pool) {
  const auto dial = dials_.insert(
      dials_.end(), Dial{.socket = TcpSocket(io_),
                         .deadline = std::chrono::steady_clock::now() + settings_.connect_timeout,
                         .pool = &pool});
  ++pool.members;
  dial->socket.async_connect(address_, [self = std::weak_ptr(self_), dial](error_code error) {
    if (const auto alive = self.lock()) (*alive)->on_dialed(dial, error);
  });
}

void Endpoint::on_dialed(Dials::iterator dial, error_code error) {
  Dials done;
  done.splice(done.end(), dials_, dial);
  if (!error) {
    if (settings_.tls == nullptr) note_connected();
    return add(*dial);
  }
  --dial->pool->members;
  const bool timed_out = error == asio::error::operation_aborted;
  const std::string why = timed_out ? "timed out" : error.message();
  connection_failed(*dial->pool, timed_out, "connect to " + to_text(address_) + ": " + why, why);
}

void Endpoint::note_connected() {
  usable_from_ = {};
  pause_ = {};
  if (record_ != nullptr) record_->note_connected();
}

void Endpoint::note_served() {
  usable_from_ = {};
  pause_ = {};
  if (record_ != nullptr) record_->note_served();
}

void Endpoint::note_refused(bool timed_out) { note_connect_failure(timed_out); }

void Endpoint::note_connect_failure(bool timed_out) {
  stats_.connect_failures.add();
  if (record_ != nullptr) timed_out ? record_->note_timeout() : record_->note_failure();
  pause_ = std::clamp(2 * pause_, kShortestPause, kLongestPause);
  usable_from_ = std::chrono::steady_clock::now() + pause_;
}

void Endpoint::connection_failed(Pool& pool, bool timed_out, std::string_view reason,
                                 std::string_view transport_failure) {
  note_connect_failure(timed_out);
  // Each failed connection fails what it was made for.
  WaitingList& list = pool.waiting;
  while (list.size() > expected(pool)) {
    UpstreamRequest& request = list.front();
    list.pop_front();
    request.note_transport_failure(transport_failure, to_text(address_));
    owner_.on_refused(request, reason);
  }
}

void Endpoint::add(Dial& dial) {
  stats_.connections.add();
  stats_.active_connections.add();
  const ConnectionTimeouts timeouts{.idle = settings_.idle_timeout};
  auto connection = std::make_shared<Connection>(
      std::move(dial.socket), static_cast<ConnectionOwner&>(*this), timeouts,
      TrafficCounters{.received_bytes = stats_.received_bytes, .sent_bytes = stats_.sent_bytes},
      owner_.now());
  connection->slot = connections_.size();
  connections_.push_back({.connection = connection,
                          .info = std::make_shared<const UpstreamInfo>(describe(*connection)),
                          .pool = dial.pool});
  connection->start();
}

// It outlives neither the connection nor the endpoint.
class Endpoint::Securing final : public TlsUser {
 public:
  Securing(Endpoint& endpoint, Connection& connection)
      : endpoint_(endpoint), connection_(connection) {}

  void on_secured(std::shared_ptr<const TlsInfo> info) override {
    Kept& kept = endpoint_.connections_[connection_.slot];
    UpstreamInfo known = *kept.info;
    known.tls = std::move(info);
    kept.info = std::make_shared<const UpstreamInfo>(std::move(known));
    endpoint_.note_connected();
  }
  std::unique_ptr<Codec> choose_codec(ReadBuffer&) override {
    return endpoint_.make_codec(connection_);
  }
  void on_failed(Disconnect, std::string_view reason) override {
    endpoint_.on_not_secured(connection_, reason);
  }

 private:
  Endpoint& endpoint_;
  Connection& connection_;
};

std::unique_ptr<Codec> Endpoint::choose_codec(Connection& connection, ReadBuffer&) {
  if (settings_.tls == nullptr) return make_codec(connection);
  Pool& pool = *connections_[connection.slot].pool;
  return make_tls_codec({.carrier = connection,
                         .context = settings_.tls,
                         .stats = stats_.tls,
                         .handshake_timeout = settings_.connect_timeout,
                         .resumption = &pool.resumption,
                         .server_name = {.name = pool.server_name,
                                         .sends = settings_.server_names.sends,
                                         .checks = settings_.server_names.checks}},
                        std::make_unique<Securing>(*this, connection));
}

void Endpoint::on_not_secured(Connection& connection, std::string_view reason) {
  Kept& kept = connections_[connection.slot];
  kept.failed = true;
  if (self_ == nullptr) return;
  connection_failed(*kept.pool, false,
                    "connect to " + to_text(address_) + ": " + std::string(reason), reason);
}

std::unique_ptr<UpstreamCodec> Endpoint::make_codec(Connection& connection) {
  Kept& kept = connections_[connection.slot];
  const UpstreamCodecContext context{.carrier = connection, .settings = settings_, .stats = stats_};
  auto codec = kept.pool->http2 ? make_http2_client(context) : make_http1_client(context);
  kept.codec = codec.get();
  return codec;
}

void Endpoint::on_settled(Connection& connection) {
  Kept& kept = connections_[connection.slot];
  if (kept.codec == nullptr) return;
  Pool& pool = *kept.pool;
  while (!pool.waiting.empty() && kept.codec->capacity() > 0) {
    UpstreamRequest& request = pool.waiting.front();
    pool.waiting.pop_front();
    attach(kept, request);
  }
  if (starved_ && kept.codec->active() == 0 && waiting() > 0) return kept.codec->drain();
  if (pool.http2 || kept.idle || kept.codec->capacity() == 0) return;
  kept.idle = true;
  pool.idle.push_back(&connection);
}

void Endpoint::on_closed(Connection& connection) {
  stats_.active_connections.subtract();
  const size_t slot = connection.slot;
  Pool& pool = *connections_[slot].pool;
  std::erase(pool.idle, &connection);
  --pool.members;
  std::swap(connections_[slot], connections_.back());
  connections_[slot].connection->slot = slot;
  connections_.pop_back();
  if (self_ == nullptr) return;
  // Requests may have waited for it, or for room.
  if (std::exchange(starved_, false)) {
    for_each_pool([this](Pool& each) { dial_if_needed(each); });
  } else {
    dial_if_needed(pool);
  }
}

void Endpoint::sweep(Connection::Time now) {
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i].connection->sweep(now);
  }
  for (Dial& dial : dials_) {
    error_code ignored;
    if (now > dial.deadline) dial.socket.close(ignored);
  }
  // Clients may name any number of servers.
  for (Pools& pools : pools_) {
    std::erase_if(pools, [](const auto& entry) {
      const Pool& pool = entry.second;
      return !pool.server_name.empty() && pool.waiting.empty() && pool.members == 0;
    });
  }
}

void Endpoint::drain() {
  checker_.reset();
  if (record_ != nullptr) owner_.forget(*record_);
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i].connection->drain();
  }
}

}  // namespace weir::serve

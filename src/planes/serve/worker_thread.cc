#include "planes/serve/worker_thread.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "planes/serve/cluster_upstreams.h"
#include "planes/serve/loop_services.h"
#include "planes/serve/net.h"

namespace weir::serve {
namespace {

// Of body bytes that a plugin may hold in one direction, as in Envoy (per_connection_buffer_limit).
constexpr uint64_t kBufferLimit = 1 << 20;

// How often a draining worker looks whether its plugins have finished with their streams.
constexpr Milliseconds kDrainPoll{20};

ListenerOptions::Protocol protocol_of(config::Listener::Codec codec) {
  switch (codec) {
    case config::Listener::Codec::Auto:
      return ListenerOptions::Protocol::Auto;
    case config::Listener::Codec::Http1:
      return ListenerOptions::Protocol::Http1;
    case config::Listener::Codec::Http2:
      return ListenerOptions::Protocol::Http2;
  }
  return ListenerOptions::Protocol::Auto;
}

ClusterSettings cluster_settings(const config::Cluster& cluster, ClusterStats& stats) {
  ClusterSettings settings;
  settings.name = cluster.name;
  for (const config::SocketAddress& address : cluster.endpoints) {
    settings.endpoints.push_back({address.host, address.port});
  }
  settings.first_address_only = cluster.discovery == config::Cluster::Discovery::LogicalDns;
  settings.http2 = cluster.http2;
  settings.connect_timeout = cluster.connect_timeout;
  settings.stats = &stats;
  return settings;
}

// Makes the exchanges of one listener on one worker.
class ListenerExchanges final : public ExchangeFactory {
 public:
  ListenerExchanges(const ChainParts& parts, const WorkerPlugins& plugins, PluginRange range)
      : parts_(parts), plugins_(plugins), range_(range) {}

  Exchange& make_exchange(ClientStream& client) override {
    return FilterChain::make(parts_, client, plugins_.makers(range_));
  }

 private:
  const ChainParts parts_;
  const WorkerPlugins& plugins_;
  const PluginRange range_;
};

}  // namespace

// What lives on the worker's thread. Members go in reverse order: listeners, and with them the
// clients, first, clusters last.
class WorkerThread::State {
 public:
  State(asio::io_context& io, const WorkerParts& parts, WorkerStats& stats)
      : io_(io),
        parts_(parts),
        stats_(stats),
        services_(io),
        reaper_([this](std::function<void()> task) { services_.post(std::move(task)); }),
        upstreams_(reaper_),
        timeouts_(parts.host.clock(), services_),
        worker_(parts.host, services_),
        plugins_(worker_, parts.plugin_count),
        drain_timer_(io) {
    services_.set_upstreams(upstreams_);
  }

  ~State() {
    listeners_.clear();
    destroy_all(open_);
    reaper_.reap();
  }

  Done open_clusters();
  Result<const Listener*> listen(size_t index, uint16_t port);
  void drain(std::function<void()> done);
  PluginStatuses plugin_statuses() const;

  WorkerPlugins& plugins() { return plugins_; }

 private:
  // Breaks off what plugins and exchanges have under way to clusters.
  struct LastReap {
    Reaper& reaper;
    ~LastReap() { reaper.reap(); }
  };

  void end_drain_when_empty();

  asio::io_context& io_;
  const WorkerParts& parts_;
  WorkerStats& stats_;
  LoopServices services_;
  std::vector<std::unique_ptr<Cluster>> clusters_;
  Reaper reaper_;
  ClusterUpstreams upstreams_;
  LastReap last_reap_{reaper_};  // after the plugins have gone
  TimeoutQueue timeouts_;
  FilterChains open_;
  runtime::Worker worker_;
  WorkerPlugins plugins_;
  Timer drain_timer_;
  size_t draining_listeners_ = 0;
  std::function<void()> drained_;
  std::vector<std::unique_ptr<ListenerExchanges>> exchanges_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

Done WorkerThread::State::open_clusters() {
  for (size_t i = 0; i < parts_.settings.clusters.size(); ++i) {
    const config::Cluster& settings = parts_.settings.clusters[i];
    auto cluster = make_cluster(io_, cluster_settings(settings, stats_.clusters[i]));
    if (!cluster.ok()) {
      return std::move(cluster).error().in("cluster '" + settings.name + "'");
    }
    clusters_.push_back(std::move(cluster).value());
    upstreams_.add(settings.name, *clusters_.back());
  }
  return Unit{};
}

Result<const Listener*> WorkerThread::State::listen(size_t index, uint16_t port) {
  const config::Listener& settings = parts_.settings.listeners[index];
  const RouterParts router{.routes = parts_.routes[index],
                           .clusters = clusters_,
                           .stats = stats_.routers,
                           .reaper = reaper_,
                           .timeouts = timeouts_};
  const ChainParts chain{.router = router,
                         .name = settings.filter_chain,
                         .buffer_limit = kBufferLimit,
                         .clock = parts_.host.clock(),
                         .stats = stats_.exchanges[index],
                         .open = open_};
  exchanges_.push_back(
      std::make_unique<ListenerExchanges>(chain, plugins_, parts_.plugin_ranges[index]));
  ListenerOptions options;
  options.address = settings.address.host;
  options.port = port;
  options.protocol = protocol_of(settings.codec);
  WEIR_TRY(auto listener, Listener::make(io_, options, *exchanges_.back()));
  listeners_.push_back(std::move(listener));
  const Listener* bound = listeners_.back().get();
  return bound;
}

void WorkerThread::State::drain(std::function<void()> done) {
  drained_ = std::move(done);
  draining_listeners_ = listeners_.size();
  for (auto& listener : listeners_) {
    listener->drain([this] {
      --draining_listeners_;
      end_drain_when_empty();
    });
  }
  if (listeners_.empty()) end_drain_when_empty();
}

void WorkerThread::State::end_drain_when_empty() {
  if (draining_listeners_ > 0) return;
  if (open_.empty()) return drained_();
  // Some plugin has not finished with a stream (proxy_on_done answered false).
  drain_timer_.expires_after(kDrainPoll);
  drain_timer_.async_wait([this](const error_code& error) {
    if (!error) end_drain_when_empty();
  });
}

WorkerThread::PluginStatuses WorkerThread::State::plugin_statuses() const {
  PluginStatuses statuses;
  for (size_t i = 0; i < plugins_.size(); ++i) statuses.push_back(plugins_.running(i)->status());
  return statuses;
}

WorkerThread::WorkerThread(const WorkerParts& parts, size_t index)
    : stats_(parts.settings), io_(std::make_unique<asio::io_context>(1)) {
  std::promise<void> started;
  auto ready = started.get_future();
  thread_ =
      std::thread([this, &parts, started = std::move(started)]() mutable { run(started, parts); });
  ::pthread_setname_np(thread_.native_handle(), ("weir-" + std::to_string(index)).c_str());
  ready.get();
}

WorkerThread::~WorkerThread() {
  io_->stop();
  thread_.join();
}

void WorkerThread::run(std::promise<void>& started, const WorkerParts& parts) {
  State state(*io_, parts, stats_);
  state_ = &state;
  started.set_value();
  const auto guard = asio::make_work_guard(*io_);
  io_->run();
}

template <typename Task>
auto WorkerThread::call(Task task) {
  std::packaged_task<std::invoke_result_t<Task, State&>()> packaged(
      [this, &task] { return task(*state_); });
  auto result = packaged.get_future();
  asio::post(*io_, std::move(packaged));
  return result.get();
}

Done WorkerThread::open_clusters() {
  return call([](State& state) { return state.open_clusters(); });
}

Done WorkerThread::prepare(size_t place, std::shared_ptr<const runtime::Plugin> plugin) {
  return call([&](State& state) { return state.plugins().prepare(place, std::move(plugin)); });
}

void WorkerThread::commit(size_t place) {
  call([&](State& state) { state.plugins().commit(place); });
}

void WorkerThread::discard(size_t place) {
  call([&](State& state) { state.plugins().discard(place); });
}

Result<uint16_t> WorkerThread::listen(size_t listener, uint16_t port) {
  WEIR_TRY(const Listener* bound, call([&](State& state) { return state.listen(listener, port); }));
  listener_stats_.resize(std::max(listener_stats_.size(), listener + 1));
  listener_stats_[listener] = &bound->stats();
  return bound->port();
}

const ListenerStats* WorkerThread::listener_stats(size_t listener) const {
  return listener < listener_stats_.size() ? listener_stats_[listener] : nullptr;
}

void WorkerThread::drain(std::function<void()> done) {
  asio::post(*io_, [this, done = std::move(done)]() mutable { state_->drain(std::move(done)); });
}

void WorkerThread::report_plugins(std::function<void(PluginStatuses)> done) {
  asio::post(*io_, [this, done = std::move(done)] { done(state_->plugin_statuses()); });
}

}  // namespace weir::serve

#include "planes/serve/worker_thread.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "planes/serve/loop_services.h"
#include "planes/serve/worker_generation.h"
#include "planes/serve/worker_listeners.h"

namespace weir::serve {
namespace {

// How often it is looked whether streams of older generations, or of a draining worker, have ended.
constexpr Milliseconds kPoll{20};

}  // namespace

// What lives on the worker's thread. Members go in reverse order: listeners, and with them the
// clients, first; generations, and with them the clusters, late.
class WorkerThread::State {
 public:
  State(asio::io_context& io, const Parts& parts, const WorkerStats& stats, WorkerRole role,
        size_t index)
      : io_(io),
        role_(role),
        host_(parts.host),
        log_files_(parts.log_files),
        stats_(stats),
        services_(io),
        reaper_([this](std::function<void()> task) { services_.post(std::move(task)); }),
        upstreams_(reaper_),
        timeouts_(host_.clock(), services_),
        worker_(host_, services_),
        poll_timer_(io),
        listeners_(io, stats, parts.pool, index, parts.drain_time) {
    services_.set_upstreams(upstreams_);
  }

  ~State() {
    listeners_.clear();
    for (const auto& generation : old_) destroy_all(generation->open());
    if (current_ != nullptr) destroy_all(current_->open());
    reaper_.reap();
  }

  Result<std::vector<uint16_t>> prepare(std::shared_ptr<const Generation> next,
                                        std::span<const uint16_t> ports);
  Done commit();
  void discard();
  std::vector<SocketPool::Socket> sockets() const { return listeners_.sockets(); }
  void drain(Drain how, std::function<void()> done);
  void end_idle_connections() { listeners_.end_idle_connections(); }
  PluginStatuses plugin_statuses() const;
  ClusterStatuses cluster_statuses() const;

 private:
  // Breaks off what plugins and exchanges have under way to clusters.
  struct LastReap {
    Reaper& reaper;
    ~LastReap() { reaper.reap(); }
  };

  void poll();
  void retire_old();
  void end_drain_when_empty();

  asio::io_context& io_;
  const WorkerRole role_;
  runtime::Host& host_;
  LogFiles& log_files_;
  const WorkerStats& stats_;
  LoopServices services_;
  Reaper reaper_;
  ClusterUpstreams upstreams_;
  LastReap last_reap_{reaper_};  // after the plugins have gone
  TimeoutQueue timeouts_;
  runtime::Worker worker_;
  std::unique_ptr<WorkerGeneration> current_;
  std::unique_ptr<WorkerGeneration> next_;
  std::vector<std::unique_ptr<WorkerGeneration>> old_;  // with streams
  Timer poll_timer_;
  bool polling_ = false;
  bool draining_ = false;
  std::function<void()> drained_;  // once the listeners are
  WorkerListeners listeners_;
};

Result<std::vector<uint16_t>> WorkerThread::State::prepare(std::shared_ptr<const Generation> next,
                                                           std::span<const uint16_t> ports) {
  if (draining_) return Error{ErrorCode::Unavailable, "the process is about to end"};
  const WorkerSurroundings surroundings{.role = role_,
                                        .io = io_,
                                        .host = host_,
                                        .worker = worker_,
                                        .upstreams = upstreams_,
                                        .reaper = reaper_,
                                        .timeouts = timeouts_,
                                        .services = services_,
                                        .log_files = log_files_,
                                        .stats = stats_};
  std::vector<uint16_t> bound(ports.begin(), ports.end());
  if (role_ == WorkerRole::Streams) {
    WEIR_TRY(bound, listeners_.prepare(next->settings, ports));
  }
  auto made = WorkerGeneration::make(surroundings, std::move(next), current_.get());
  if (!made.ok()) {
    listeners_.discard();
    return std::move(made).error();
  }
  next_ = std::move(made).value();
  return bound;
}

Done WorkerThread::State::commit() {
  if (draining_ || next_ == nullptr) return Unit{};
  worker_.commit();
  Done done = listeners_.commit(*next_);
  if (current_ != nullptr) old_.push_back(std::move(current_));
  current_ = std::move(next_);
  retire_old();
  poll();
  return done;
}

void WorkerThread::State::discard() {
  listeners_.discard();
  // Its plugins may have calls under way.
  if (next_ != nullptr) reaper_.bury(std::move(next_));
}

// What a generation's streams have buried is buried before the generation.
void WorkerThread::State::retire_old() {
  listeners_.tidy();
  for (auto& generation : old_) {
    if (listeners_.leads_to(*generation)) continue;
    generation->release_plugins();
    if (generation->open().empty()) reaper_.bury(std::move(generation));
  }
  std::erase(old_, nullptr);
}

void WorkerThread::State::poll() {
  if (polling_ || (old_.empty() && drained_ == nullptr)) return;
  polling_ = true;
  poll_timer_.expires_after(kPoll);
  poll_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    polling_ = false;
    retire_old();
    if (drained_ != nullptr) end_drain_when_empty();
    poll();
  });
}

void WorkerThread::State::drain(Drain how, std::function<void()> done) {
  draining_ = true;
  discard();
  auto listeners_drained = [this, done = std::move(done)]() mutable {
    drained_ = std::move(done);
    end_drain_when_empty();
    poll();
  };
  how == Drain::Now ? listeners_.drain(std::move(listeners_drained))
                    : listeners_.drain_after_next(std::move(listeners_drained));
}

// Some plugin may not have finished with a stream (proxy_on_done answered false).
void WorkerThread::State::end_drain_when_empty() {
  const bool all_ended =
      std::ranges::all_of(old_, [](const auto& generation) { return generation->open().empty(); });
  if (!all_ended || (current_ != nullptr && !current_->open().empty())) return;
  std::exchange(drained_, nullptr)();
}

WorkerThread::PluginStatuses WorkerThread::State::plugin_statuses() const {
  if (current_ == nullptr) return {};
  return {current_->shared_generation(), current_->plugin_statuses()};
}

WorkerThread::ClusterStatuses WorkerThread::State::cluster_statuses() const {
  if (current_ == nullptr) return {};
  return {current_->shared_generation(), current_->cluster_statuses()};
}

WorkerThread::WorkerThread(const Parts& parts, WorkerRole role, size_t index)
    : io_(std::make_unique<asio::io_context>(1)) {
  std::promise<void> started;
  auto ready = started.get_future();
  thread_ = std::thread([this, parts, role, index, started = std::move(started)]() mutable {
    run(started, parts, role, index);
  });
  ::pthread_setname_np(
      thread_.native_handle(),
      ("weir-" + (role == WorkerRole::Streams ? std::to_string(index) : "services")).c_str());
  ready.get();
}

WorkerThread::~WorkerThread() {
  io_->stop();
  thread_.join();
}

void WorkerThread::run(std::promise<void>& started, const Parts& parts, WorkerRole role,
                       size_t index) {
  State state(*io_, parts, stats_, role, index);
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

Result<std::vector<uint16_t>> WorkerThread::prepare(std::shared_ptr<const Generation> next,
                                                    std::span<const uint16_t> ports) {
  return call([&](State& state) { return state.prepare(std::move(next), ports); });
}

Done WorkerThread::commit() {
  return call([](State& state) { return state.commit(); });
}

void WorkerThread::discard() {
  call([](State& state) { state.discard(); });
}

std::vector<SocketPool::Socket> WorkerThread::sockets() {
  return call([](State& state) { return state.sockets(); });
}

void WorkerThread::drain(Drain how, std::function<void()> done) {
  asio::post(
      *io_, [this, how, done = std::move(done)]() mutable { state_->drain(how, std::move(done)); });
}

void WorkerThread::end_idle_connections() {
  asio::post(*io_, [this] { state_->end_idle_connections(); });
}

void WorkerThread::post(std::function<void()> task) { asio::post(*io_, std::move(task)); }

void WorkerThread::report_plugins(std::function<void(PluginStatuses)> done) {
  asio::post(*io_, [this, done = std::move(done)] { done(state_->plugin_statuses()); });
}

void WorkerThread::report_clusters(std::function<void(ClusterStatuses)> done) {
  asio::post(*io_, [this, done = std::move(done)] { done(state_->cluster_statuses()); });
}

}  // namespace weir::serve

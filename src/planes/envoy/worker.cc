#include "planes/envoy/worker.h"

#include <algorithm>

#include "planes/envoy/configuration.h"
#include "planes/envoy/http_callbacks.h"
#include "planes/envoy/module.h"

namespace weir::envoy_plane {
namespace {

// Work that makes more work: so many rounds of it are done in one event.
constexpr int kMaxRounds = 64;

// A plugin that could not be started here is tried again after this time.
constexpr Nanoseconds kRetryStart = std::chrono::seconds(1);

// A plugin that serves no stream is looked after so often.
constexpr Milliseconds kHealing{1000};

thread_local Worker* this_worker = nullptr;

// Ends the thread's worker with the thread.
struct Owner {
  std::unique_ptr<Worker> worker;
  ~Owner() { this_worker = nullptr; }
};
thread_local Owner owner;

// How this thread learns of work while it has no stream.
std::function<void()> way_to_wake(Module& module) {
  if (!module.is_main_thread()) return [&module] { module.pulse().beat(); };
  return [&module] {
    module.main_thread().run([] {
      // Whatever there is, an event does.
      const Worker::Event event(Worker::here(), nullptr, Worker::EventKind::Tells);
    });
  };
}

class WorkerTimer final : public runtime::Timer {
 public:
  WorkerTimer(TimerThread& thread, std::shared_ptr<Inbox> inbox, std::function<void()> on_expiry)
      : thread_(thread),
        state_(std::make_shared<State>(State{std::move(inbox), std::move(on_expiry)})) {}
  ~WorkerTimer() override { WorkerTimer::stop(); }

  void start(Milliseconds delay) override {
    WorkerTimer::stop();
    ticket_ = thread_.add(delay, [state = state_, mine = state_->starts] {
      state->inbox->post([state, mine] {
        // An expiry may be on its way already when the timer is stopped, started again or
        // destroyed.
        if (state->starts == mine) state->on_expiry();
      });
    });
  }

  void stop() override {
    ++state_->starts;
    if (ticket_ != 0) thread_.remove(std::exchange(ticket_, 0));
  }

 private:
  struct State {
    std::shared_ptr<Inbox> inbox;
    std::function<void()> on_expiry;
    uint64_t starts = 0;  // the worker's own: counts what makes earlier expiries void
  };

  TimerThread& thread_;
  std::shared_ptr<State> state_;
  TimerThread::Ticket ticket_ = 0;
};

}  // namespace

Worker& Worker::here() {
  if (this_worker == nullptr) {
    owner.worker.reset(new Worker(Module::get()));
    this_worker = owner.worker.get();
    if (!Module::get().is_main_thread()) this_worker->start_services();
  }
  return *this_worker;
}

Worker::Worker(Module& module)
    : module_(module),
      inbox_(std::make_shared<Inbox>(way_to_wake(module))),
      root_calls_(module.main_thread(), inbox_),
      runtime_(module.host(), *this) {
  EnvoyMetrics::bind(&stats_);
  module_.add_worker(inbox_);
}

Worker::~Worker() {
  module_.remove_worker(inbox_);
  // Envoy has taken leave of this thread.
  EnvoyMetrics::leave();
  plugins_.clear();
  inbox_->close();
  if (!module_.is_main_thread()) module_.main_thread().on_worker_end();
}

runtime::WorkerPlugin* Worker::start(const ConfiguredPlugin& configured, std::string& why) {
  if (configured.state() != ConfiguredPlugin::State::Here) {
    why = configured.state() == ConfiguredPlugin::State::Awaited
              ? "plugin '" + configured.name() + "': its code is not here yet"
              : configured.why_absent();
    return nullptr;
  }
  const auto found = plugins_.find(configured.id());
  if (found != plugins_.end() && found->second.plugin != nullptr) return found->second.plugin.get();
  Started& started = found == plugins_.end() ? plugins_[configured.id()] : found->second;
  const Nanoseconds now = module_.host().clock().monotonic();
  if (now >= started.retry_at) {
    auto made = join(configured.plugin());
    if (made.ok()) {
      started.plugin = std::move(made).value();
      start_sharers(configured);
      return started.plugin.get();
    }
    started.why = made.error().message;
    started.retry_at = now + kRetryStart;
    module_.host().logger().log(LogLevel::Error, started.why);
  }
  why = started.why;
  return nullptr;
}

Result<std::unique_ptr<runtime::WorkerPlugin>> Worker::join(
    const std::shared_ptr<const runtime::Plugin>& plugin) {
  std::vector<runtime::WorkerPlugin*> others;
  for (const auto& [id, started] : plugins_) {
    if (started.plugin != nullptr) others.push_back(started.plugin.get());
  }
  const GuestScope guest(*this);
  return runtime_.join(plugin, others);
}

void Worker::start_sharers(const ConfiguredPlugin& configured) {
  if (module_.is_main_thread()) return;
  for (const auto& other : module_.plugins()) {
    const bool here =
        other->home() == Home::Workers && other->state() == ConfiguredPlugin::State::Here;
    if (!here || other->plugin()->vm() != configured.plugin()->vm()) continue;
    std::string ignored;  // It has been logged.
    start(*other, ignored);
  }
}

runtime::WorkerPlugin* Worker::serve(const ConfiguredPlugin& configured, std::string& why) {
  runtime::WorkerPlugin* plugin = start(configured, why);
  const GuestScope guest(*this);
  runtime_.commit();
  return plugin;
}

void Worker::on_plugin_settled() {
  start_services();
  const auto waiting = std::exchange(waiting_, {});
  for (WorkerStream* stream : waiting) tell_plugin_settled(*stream);
}

void Worker::tell_plugin_settled(WorkerStream& stream) {
  run_for(stream, [&] { stream.on_plugin_settled(); });
}

const ConfiguredPlugin& Worker::plugin_for(EnvoyHttpFilter* filter,
                                           const Configuration& config) const {
  if (module_.has_route_configs()) {
    const void* route = envoy_dynamic_module_callback_get_most_specific_route_config(filter);
    if (route != nullptr) return *static_cast<const Configuration*>(route)->plugin();
  }
  return *config.plugin();
}

Nanoseconds Worker::now() const { return module_.host().clock().wall(); }

void Worker::start_all() {
  for (const auto& configured : module_.plugins()) {
    if (configured->home() == Home::EachWorker) keep_running(configured);
    if (configured->home() != Home::Workers) continue;
    std::string ignored;  // It has been logged.
    start(*configured, ignored);
  }
}

void Worker::start_services() {
  const Home home = module_.is_main_thread() ? Home::MainThread : Home::EachWorker;
  for (const auto& configured : module_.plugins()) {
    if (configured->home() == home) keep_running(configured);
  }
}

void Worker::keep_running(const std::shared_ptr<const ConfiguredPlugin>& configured) {
  Started& kept = plugins_[configured->id()];
  if (kept.healing != nullptr) return;
  kept.healing = make_timer([this, configured] {
    runtime_.commit();  // it has been at work since
    heal(configured);
  });
  heal(configured);
}

void Worker::heal(const std::shared_ptr<const ConfiguredPlugin>& configured) {
  std::string ignored;  // It has been logged.
  if (runtime::WorkerPlugin* plugin = start(*configured, ignored)) {
    const GuestScope guest(*this);
    plugin->keep_running();
  }
  plugins_[configured->id()].healing->start(kHealing);
}

void Worker::forget(uint64_t plugin_id) {
  const auto found = plugins_.find(plugin_id);
  if (found == plugins_.end()) return;
  const Started gone = std::move(found->second);
  plugins_.erase(found);
}

void Worker::add(WorkerStream& stream) {
  stream.link(streams_);
  if (needs_beacon_ && inbox_->beacon() == nullptr) inbox_->light(stream);
}

void Worker::remove(WorkerStream& stream) {
  stream.unlink(streams_);
  if (!waiting_.empty()) std::erase(waiting_, &stream);
  if (inbox_->beacon() != &stream) return;
  inbox_->extinguish();
  if (streams_ != nullptr) inbox_->light(*streams_);
}

void Worker::settle_later(WorkerStream& stream) { unsettled_.push_back(&stream); }

void Worker::bury(std::unique_ptr<WorkerStream> stream) { buried_.push_back(std::move(stream)); }

std::unique_ptr<runtime::Timer> Worker::make_timer(std::function<void()> on_expiry) {
  expect_posts();
  return std::make_unique<WorkerTimer>(module_.timers(), inbox_, std::move(on_expiry));
}

void Worker::expect_posts() {
  if (std::exchange(needs_beacon_, true)) return;
  if (streams_ != nullptr) inbox_->light(*streams_);
}

void Worker::end_outermost(EventKind kind) {
  event_stream_ = nullptr;
  finish();
  if (!inbox_->has_work()) return;
  if (kind != EventKind::Asks) {
    work();
    finish();
  }
  if (inbox_->beacon() == nullptr && streams_ != nullptr) inbox_->light(*streams_);
  inbox_->wake_again();
}

void Worker::work() {
  for (int round = 0; round < kMaxRounds && inbox_->has_work(); ++round) {
    {
      const GuestScope guest(*this);
      inbox_->work();
    }
    settle();
  }
}

void Worker::settle() {
  while (!unsettled_.empty()) {
    WorkerStream* stream = unsettled_.back();
    unsettled_.pop_back();
    ++epoch_;
    stream->settle();
  }
}

void Worker::finish() {
  settle();
  while (!buried_.empty()) {
    {
      const std::unique_ptr<WorkerStream> stream = std::move(buried_.back());
      buried_.pop_back();
      const GuestScope guest(*this);
      stream->end();
    }
    settle();
  }
}

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> Worker::open(
    std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
  if (event_stream_ != nullptr && event_stream_->may_call(protocol)) {
    return event_stream_->open_call(upstream, headers, end, observer);
  }
  expect_posts();
  return root_calls_.open(upstream, headers, end, protocol, observer);
}

}  // namespace weir::envoy_plane

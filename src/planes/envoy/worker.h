#pragma once
// Plugins on one of Envoy's threads.

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "planes/envoy/inbox.h"
#include "planes/envoy/metrics.h"
#include "planes/envoy/root_calls.h"
#include "planes/envoy/timer_thread.h"
#include "planes/envoy/worker_stream.h"
#include "runtime/worker.h"
#include "runtime/worker_services.h"

namespace weir::envoy_plane {

class Configuration;
class ConfiguredPlugin;
class Module;

// Made when the thread is first asked to do something for a plugin, destroyed when the thread ends.
// Thread: its own, save post().
class Worker final : public runtime::WorkerServices, private runtime::Upstreams {
 public:
  // The present thread's.
  static Worker& here();

  ~Worker() override;

  // A time in which a guest may run. What plugins ask of Envoy meanwhile is noted, and done at the
  // end of the event: guests are never running when Envoy is told to act, save to begin a call. So
  // what Envoy does then by other filters, loggers and connections of this module is shown to their
  // plugins, which may be of the same instance. Streams that begin meanwhile are held until then.
  class GuestScope {
   public:
    explicit GuestScope(Worker& worker) : worker_(worker) { ++worker_.guests_; }
    ~GuestScope() { --worker_.guests_; }

   private:
    Worker& worker_;
  };
  bool in_guest() const { return guests_ > 0; }

  // Another one whenever something else than this module's guests may have run.
  uint64_t epoch() const { return epoch_; }

  // Wall clock.
  Nanoseconds now() const;
  // The same for a stream that begins. Envoy makes a chain's filters one after the other, with no
  // event between them: they share one look at the clock.
  Nanoseconds beginning() {
    if (!begun_) begun_ = now();
    return *begun_;
  }

  // One of Envoy's events; others come inside of it, where Envoy was told to act. `stream` is whose
  // event it is, or null.
  enum class EventKind : uint8_t {
    // It wants an answer: what others ask for waits until Envoy has it, since they may ask to go on
    // with a stream that Envoy does not yet know to have stopped.
    Asks,
    Tells,
    // Envoy destroys the stream: what others ask for waits until it is known to be gone.
    Ends,
  };
  class Event {
   public:
    // `stats` are those of an event that is no stream's.
    Event(Worker& worker, WorkerStream* stream, EventKind kind, StatsTable* stats = nullptr)
        : worker_(worker), kind_(kind), outer_stats_(worker.stats_) {
      if (stream != nullptr) stats = stream->stats();
      if (stats != nullptr) worker_.stats_ = stats;
      worker_.begun_.reset();
      ++worker_.epoch_;
      if (++worker_.events_ == 1) worker_.begin_outermost(kind);
      outer_stream_ = std::exchange(worker_.event_stream_, stream);
    }
    ~Event() {
      if (worker_.events_ == 1 && worker_.has_more()) worker_.end_outermost(kind_);
      worker_.event_stream_ = outer_stream_;
      worker_.stats_ = outer_stats_;
      --worker_.events_;
    }
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

   private:
    Worker& worker_;
    const EventKind kind_;
    StatsTable* const outer_stats_;
    WorkerStream* outer_stream_;
  };

  // The plugin here, started if need be. Null: it cannot be; `why` says why.
  runtime::WorkerPlugin* start(const ConfiguredPlugin& configured, std::string& why);
  // The same for a stream that is there now. All that has been started is at work from then on
  // (runtime::Worker::commit).
  runtime::WorkerPlugin* serve(const ConfiguredPlugin& configured, std::string& why);
  // What the stream's route names, or else the filter's configuration.
  const ConfiguredPlugin& plugin_for(EnvoyHttpFilter* filter, const Configuration& config) const;
  // Starts what is configured for such a thread and does not run here yet.
  void start_all();
  // Starts it here, and again whenever it is found to have failed, until it is forgotten.
  void keep_running(const std::shared_ptr<const ConfiguredPlugin>& configured);
  // The stream is told when an awaited plugin is here or absent, until it is removed.
  void wait_for_plugin(WorkerStream& stream) { waiting_.push_back(&stream); }
  void on_plugin_settled();
  // The same for one stream, as an event of its own.
  void tell_plugin_settled(WorkerStream& stream);
  // Calls that are made in `what` are the stream's.
  template <typename What>
  void run_for(WorkerStream& stream, What what) {
    WorkerStream* outer = std::exchange(event_stream_, &stream);
    what();
    event_stream_ = outer;
  }
  // The configuration with the plugin of this id is gone.
  void forget(uint64_t plugin_id);

  // The streams of this thread. They tell when they have something to settle.
  void add(WorkerStream& stream);
  void remove(WorkerStream& stream);
  void settle_later(WorkerStream& stream);
  // Envoy has destroyed it: it is deleted at the end of the outermost event.
  void bury(std::unique_ptr<WorkerStream> stream);

  void on_woken() { inbox_->on_woken(); }

  // WorkerServices
  runtime::Upstreams& upstreams() override { return *this; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  void post(std::function<void()> task) override { inbox_->post(std::move(task)); }
  void expect_posts() override;

 private:
  explicit Worker(Module& module);

  // What serves no streams, on a thread that is first heard of.
  void start_services();
  Result<std::unique_ptr<runtime::WorkerPlugin>> join(
      const std::shared_ptr<const runtime::Plugin>& plugin);
  // Other plugins of its VM come to it before it is at work, and not one by one with their streams.
  void start_sharers(const ConfiguredPlugin& configured);
  void heal(const std::shared_ptr<const ConfiguredPlugin>& configured);
  void begin_outermost(EventKind kind) {
    if (kind != EventKind::Ends && inbox_->has_work()) work();
  }
  // Whether there is more to do in this event than Envoy has asked for.
  bool has_more() const { return !unsettled_.empty() || !buried_.empty() || inbox_->has_work(); }
  void end_outermost(EventKind kind);
  // Does what waits in the inbox, and what comes of it.
  void work();
  // Does what is noted, until nothing is. Any of it may destroy streams in Envoy, also that of the
  // event: they are buried, and deleted only when the event is over.
  void settle();
  // The same, and ends those that are buried, which may make more of it.
  void finish();

  // Upstreams. A call made while a stream's event runs is that stream's.
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::Protocol, runtime::UpstreamObserver& observer) override;

  struct Started {
    std::unique_ptr<runtime::WorkerPlugin> plugin;  // null: the start failed
    std::string why;
    Nanoseconds retry_at{};
    std::unique_ptr<runtime::Timer> healing;  // of one that is kept running
  };

  Module& module_;
  StatsTable* stats_ = nullptr;           // of the configuration whose event it is
  WorkerStream* event_stream_ = nullptr;  // null: none, or what happens is not of its making
  std::shared_ptr<Inbox> inbox_;
  RootCalls root_calls_;
  runtime::Worker runtime_;
  std::unordered_map<uint64_t, Started> plugins_;  // by ConfiguredPlugin::id
  WorkerStream* streams_ = nullptr;                // all that live, linked
  std::vector<WorkerStream*> waiting_;             // for a plugin
  std::vector<WorkerStream*> unsettled_;
  std::vector<std::unique_ptr<WorkerStream>> buried_;
  std::optional<Nanoseconds> begun_;  // until the next event
  uint64_t epoch_ = 0;
  bool needs_beacon_ = false;
  int events_ = 0;
  int guests_ = 0;
};

}  // namespace weir::envoy_plane

#pragma once
// Plugins on one of the server's event threads.

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "planes/ats/call_owner.h"
#include "planes/ats/inbox.h"
#include "planes/ats/plane.h"
#include "planes/serve/network_chain.h"
#include "runtime/worker.h"
#include "runtime/worker_services.h"

namespace weir::ats_plane {

class WorkerSet;

// Made when the thread first meets the plugin, and never destroyed, as the server's threads are
// not. Thread: its own, save post().
class Worker final : public runtime::WorkerServices, private runtime::Upstreams {
 public:
  // The present thread's, which is one of the server's event threads.
  static Worker& here();

  Plane& plane() const { return plane_; }
  TSEventThread thread() const { return inbox_.thread(); }
  runtime::Worker& runtime() { return runtime_; }
  const Clock& clock() const { return plane_.host().clock(); }

  // The set's newest plugins on this thread, started if need be.
  std::shared_ptr<WorkerSet> set_of(const std::shared_ptr<PluginSet>& set);
  // Starts what is new in all sets, and lets go of sets that are retired.
  void adopt();
  // What runs here of all sets but that one.
  std::vector<runtime::WorkerPlugin*> plugins_beside(const PluginSet& set) const;

  // The transaction or connection whose event it is: calls made meanwhile are its own.
  class CurrentOwner {
   public:
    CurrentOwner(Worker& worker, CallOwner& owner)
        : worker_(worker), outer_(std::exchange(worker.current_, &owner)) {}
    ~CurrentOwner() { worker_.current_ = outer_; }
    CurrentOwner(const CurrentOwner&) = delete;
    CurrentOwner& operator=(const CurrentOwner&) = delete;

   private:
    Worker& worker_;
    CallOwner* const outer_;
  };

  // WorkerServices
  runtime::Upstreams& upstreams() override { return *this; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  void post(std::function<void()> task) override { inbox_.post(std::move(task)); }

 private:
  explicit Worker(Plane& plane);

  // Plugins of one VM come to it before it is at work, whatever their sets, and not with their
  // first streams.
  void start_sharers(const Generation& of);

  // Upstreams
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::Protocol, runtime::UpstreamObserver& observer) override;
  std::shared_ptr<const CallTarget> find_target(std::string_view name) const;

  Plane& plane_;
  Inbox inbox_;
  runtime::Worker runtime_;
  CallOwner* current_ = nullptr;  // null: none, or what happens is not of its making
  std::unordered_map<PluginSet*, std::shared_ptr<WorkerSet>> sets_;
};

// A generation of a set on one worker. Transactions and connections hold it. Thread: the worker's.
class WorkerSet {
 public:
  WorkerSet(Worker& worker, std::shared_ptr<PluginSet> set);

  const Generation& generation() const { return *generation_; }
  uint64_t version() const { return version_; }
  bool is_retired() const { return set_->is_retired(); }
  void add_running(std::vector<runtime::WorkerPlugin*>& into) const;

  size_t count() const { return generation_->plugins.size(); }
  // A context of the plugin at that place for a new stream. Where the plugin cannot be started
  // here, one that applies its failure policy.
  std::unique_ptr<runtime::HttpContext> make_context(size_t place, runtime::HttpStream& stream);
  // The same for connections, in the order of the plugins. Valid as long as this.
  std::span<const serve::MakeNetworkContext> network_makers() const { return network_makers_; }

 private:
  struct Started {
    std::unique_ptr<runtime::WorkerPlugin> plugin;  // null: the start failed
    std::string why;
    Nanoseconds retry_at{};
  };

  void start(size_t place);
  // The same for a stream that is there now. All that has been started is at work from then on
  // (runtime::Worker::commit).
  Started& serve(size_t place);
  std::unique_ptr<runtime::NetworkContext> make_network_context(size_t place,
                                                                runtime::NetworkStream& stream);

  Worker& worker_;
  const std::shared_ptr<PluginSet> set_;
  const uint64_t version_;
  const std::shared_ptr<const Generation> generation_;
  std::vector<Started> started_;
  std::vector<serve::MakeNetworkContext> network_makers_;
};

}  // namespace weir::ats_plane

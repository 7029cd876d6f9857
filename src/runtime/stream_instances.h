#pragma once
// The instances that streams have of their own (Isolation::Stream), on one worker.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/failure_log.h"
#include "runtime/foreign/expressions.h"
#include "runtime/instance_lease.h"
#include "runtime/memory_budget.h"
#include "runtime/restart_policy.h"
#include "runtime/started_image.h"
#include "runtime/trial_services.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

// What ended instances of a VM on a worker.
struct Failures {
  uint64_t count = 0;
  std::string last;  // one line; empty before the first
};

// One plugin of a VM, as its streams begin with it. Owned by the StreamInstances that made it.
class StreamSource {
 public:
  StreamSource(std::shared_ptr<const Plugin> plugin, Host& host);

 private:
  friend class StreamInstances;

  const std::shared_ptr<const Plugin> plugin_;
  const Expressions expressions_;
  RestartPolicy starts_;
  size_t instances_ = 0;
  bool removed_ = false;
  Metric* refused_;
  Metric* from_scratch_;
};

// Makes an instance for each stream of a VM, and keeps it until the stream's context has gone and
// the calls that it has made have ended. Part of a VmSlot. Thread: the worker's.
class StreamInstances final : private VmOwner {
 public:
  // How long an instance may wait for the answers to calls when its stream has ended.
  static constexpr Milliseconds kLongestWait{60'000};

  // `failures` outlives it. `on_empty` is called when the last instance has gone; it destroys
  // nothing.
  StreamInstances(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
                  Failures& failures, std::function<void()> on_empty);
  ~StreamInstances();

  StreamSource& add(std::shared_ptr<const Plugin> plugin);
  // Instances may outlive this.
  void remove(StreamSource& source);

  // An instance for a new stream. The error says why there is none; it is counted.
  Result<InstanceLease> make(StreamSource& source);

  // From InstanceLease.
  void take_back(VmInstance* returned, StreamSource& source);

  size_t count() const { return count_; }
  uint64_t memory_bytes() const { return memory_.used(); }

 private:
  // An instance whose stream has ended.
  struct Waiting {
    std::unique_ptr<VmInstance> instance;
    StreamSource* source;
    Nanoseconds until;
  };

  // VmOwner
  void on_instance_failed(VmInstance& instance) override;
  void on_instance_idle(VmInstance&) override { clean_up_soon(); }
  void on_root_ended(std::unique_ptr<PluginContext>) override {}

  Result<InstanceLease> refuse(StreamSource& source, std::string why);
  void forget(StreamSource& source);
  void clean_up_soon();
  void clean_up();
  void end_overdue();

  const VmSurroundings surroundings_;
  const std::shared_ptr<const Vm> vm_;
  Failures& failures_;
  const std::function<void()> on_empty_;
  MemoryBudget memory_;
  const InstanceMetrics metrics_;
  TrialServices silence_;
  FailureLog failure_log_;
  uint32_t next_context_;
  size_t count_ = 0;
  bool full_ = false;  // the last stream found no room
  std::vector<std::unique_ptr<StreamSource>> sources_;
  std::list<Waiting> waiting_;    // the oldest first
  std::unique_ptr<Timer> timer_;  // runs while something waits
  bool cleaning_soon_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::runtime

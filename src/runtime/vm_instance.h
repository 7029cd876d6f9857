#pragma once
// One worker's running instance of a VM: the guest, its contexts and its ids.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "abi/guest.h"
#include "base/result.h"
#include "runtime/call_logger.h"
#include "runtime/call_watch.h"
#include "runtime/context_base.h"
#include "runtime/context_table.h"
#include "runtime/done_waits.h"
#include "runtime/host.h"
#include "runtime/load_error.h"
#include "runtime/memory_budget.h"
#include "runtime/metric_table.h"
#include "runtime/metrics.h"
#include "runtime/trial_shares.h"
#include "runtime/vm.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class Expressions;
class FailureLog;
class PluginContext;
struct StartedImage;

enum class Purpose : uint8_t {
  Serve,   // roots, and the streams that share them
  Trial,   // Host::load() tries a plugin out
  Stream,  // one stream, with a root of its own
};

// What an instance needs around it. All outlive it.
struct VmSurroundings {
  Host& host;
  WorkerServices& services;
  CallWatch::Thread& watch;
  Purpose purpose;
};

// What counts instances. Null: the names are taken for something else.
struct InstanceMetrics {
  Metric* created;
  Metric* active;
};
InstanceMetrics instance_metrics(Host& host, const Vm& vm);

// The id of the root context in a stream's instance.
inline constexpr uint32_t kRootOfStream = 1;

// What the instance of a stream begins with. All that it refers to outlives the instance.
struct StreamStart {
  const StartedImage& image;
  const Expressions& expressions;  // the image's
  MemoryBudget& memory;
  InstanceMetrics metrics;
  WorkerServices& silence;  // takes what an instance that starts from scratch asks for meanwhile
  FailureLog& failure_log;
  uint32_t stream_id;  // of the stream's context: no other of the worker has it
};

// Who keeps an instance. The instance, and the root that ended, are still on the stack when it is
// told: it destroys them later.
class VmOwner {
 public:
  // A trap has ended the instance, and its contexts know.
  virtual void on_instance_failed(VmInstance& instance) = 0;
  virtual void on_root_ended(std::unique_ptr<PluginContext> root) = 0;
  // After stream_ended(): the last call has ended.
  virtual void on_instance_idle(VmInstance&) {}

 protected:
  ~VmOwner() = default;
};

// Thread: its worker's.
class VmInstance final : public abi::VmServices {
 public:
  VmInstance(const VmSurroundings& surroundings, const std::shared_ptr<const Vm>& vm,
             VmOwner& owner);
  // One for a stream.
  VmInstance(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm, VmOwner& owner,
             const StreamStart& start);
  ~VmInstance() override;

  // Runs the module's start sequence. `plugin` names the VM in messages.
  Result<Unit, LoadError> start(const Plugin& plugin);

  // Starts a root context: proxy_on_context_create, proxy_on_vm_start, proxy_on_configure. The
  // context is gone again where the plugin refuses.
  Result<PluginContext*, LoadError> start_root(std::shared_ptr<const Plugin> plugin);
  // One that the plugin would share; null: it would get its own.
  PluginContext* find_root(const Plugin& plugin) const;

  // In place of both, for an instance of a stream: as the plugin's image is, or from scratch.
  Done begin(std::shared_ptr<const Plugin> plugin);
  PluginContext& stream_root() { return *roots_.front(); }
  // Its stream has gone. Calls that it has made may go on.
  void stream_ended();
  // Whether nothing is left to wait for.
  bool is_idle() const;
  void give_up_calls();
  // From the root, when a call of its has ended.
  void call_ended();

  // Whether it is on the stack.
  bool in_call() const { return depth_ != 0; }

  // From a root that has ended (PluginContext::end).
  void drop_root(PluginContext& root);

  bool has(abi::Callback callback) const { return module_.has(callback); }

  // Calls the guest, if it has that callback, under the limit on calls; then everything that it
  // asked for is done. The guest's answer, `or_else` where it has no such callback; empty when the
  // instance has failed, now or earlier. Not from inside a hostcall.
  abi::GuestAnswer call(abi::Callback callback, ContextBase& context, abi::CallbackParams params,
                        uint32_t or_else = 0) {
    if (failed()) return std::nullopt;
    return has(callback) ? call_guest(callback, context, params) : or_else;
  }

  bool failed() const { return !failure_.empty(); }
  // Why; a line for logs.
  const std::string& failure() const { return failure_; }

  bool has_contexts() const { return contexts_.count() != 0; }
  bool only_roots_left() const { return contexts_.count() == roots_.size(); }

  const Vm& vm() const { return *vm_; }
  Host& host() const { return surroundings_.host; }
  WorkerServices& services() const { return quiet_ ? stream_->silence : surroundings_.services; }
  Purpose purpose() const { return surroundings_.purpose; }
  Expressions& expressions();

  // For an image of it: after start().
  abi::Guest& guest() { return *guest_; }
  const MetricTable& metrics() const { return metrics_; }
  uint32_t last_call_id() const { return last_call_; }
  // Whether the guest has been given random bytes or the time.
  bool met_chance() const { return met_chance_; }

  // Null: no such context, or deleted already.
  ContextBase* find(abi::ContextId id) const { return contexts_.find(id); }

  DoneWaits& done_waits() { return done_waits_; }

  // An id for an HTTP or gRPC call; `kind` goes into the low bits. Not that of any open call.
  uint32_t next_call_id(uint32_t kind) { return (++last_call_ << 2) | kind; }

  // abi::VmServices
  abi::Context* find_context(abi::ContextId id) override { return contexts_.find(id); }
  Logger& logger() override { return logger_; }
  const Clock& clock() override { return host().clock(); }
  const std::map<std::string, std::string>& environment() override {
    return vm_->options().environment;
  }
  void note_chance() override { met_chance_ = true; }
  abi::Status get_shared_data(std::string_view key,
                              FunctionRef<abi::Status(Bytes, uint32_t cas)>) override;
  abi::Status set_shared_data(std::string_view key, std::string_view value, uint32_t cas) override;
  abi::Status resolve_shared_queue(std::string_view vm_id, std::string_view name,
                                   uint32_t& queue_id) override;
  abi::Status enqueue(uint32_t queue_id, std::string_view item) override;
  abi::Status dequeue(uint32_t queue_id, std::string& item) override;
  abi::Status define_metric(MetricType, std::string_view name, uint32_t& metric_id) override;
  abi::Status increment_metric(uint32_t metric_id, int64_t delta) override;
  abi::Status record_metric(uint32_t metric_id, uint64_t value) override;
  abi::Status get_metric(uint32_t metric_id, uint64_t& value) override;

 private:
  friend class ContextBase;

  VmInstance(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm, VmOwner& owner,
             const InstanceMetrics& metrics, const StreamStart* stream);

  // It has that callback, and has not failed.
  abi::GuestAnswer call_guest(abi::Callback callback, ContextBase& context,
                              abi::CallbackParams& params);
  Result<Unit, LoadError> start_guest(const Plugin& plugin);
  // The error of a start that has ended the instance.
  LoadError failed_start(LoadPart part) const;
  Done begin_from_scratch(std::shared_ptr<const Plugin> plugin);
  void note_pending(ContextBase& context);
  void apply_pending();
  // Whether a stream's instance takes no more memory than there is for all of them.
  bool keeps_to_budget() {
    return !memory_ || memory_->set(guest_->memory_bytes() + module_.bytes_beside_memory());
  }
  void fail(const Plugin& plugin, std::string_view doing);
  // The same after a call that has returned, if too late.
  void overran(const Plugin& plugin, std::string_view doing);
  // Ends the instance. `kind` is for metrics; `why` becomes failure().
  void end(const Plugin& plugin, std::string_view kind, std::string why);

  VmSurroundings surroundings_;
  std::shared_ptr<const Vm> vm_;
  VmOwner& owner_;
  const std::optional<StreamStart> stream_;
  const abi::LinkedModule& module_;
  std::optional<MemoryBudget::Part> memory_;  // where stream_
  Milliseconds call_limit_;
  uint32_t depth_ = 0;        // of call()s
  bool quiet_ = false;        // while a stream's instance starts from scratch
  bool stream_over_ = false;  // stream_ended() was called
  bool met_chance_ = false;
  CallLogger logger_;
  std::optional<TrialShares> trial_;  // where it is only tried out
  std::unique_ptr<Expressions> expressions_;
  ContextTable<ContextBase> contexts_;
  std::vector<std::unique_ptr<PluginContext>> roots_;
  std::vector<abi::ContextId> pending_;
  DoneWaits done_waits_;
  MetricTable metrics_;
  Metric* active_;
  std::string failure_;
  std::string_view trap_kind_;  // of a failure by a trap, as operators count it
  uint32_t last_call_ = 0;
  std::unique_ptr<abi::Guest> guest_;
};

}  // namespace weir::runtime

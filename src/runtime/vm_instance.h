#pragma once
// One worker's running instance of a VM: the guest, its contexts and its ids.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi/guest.h"
#include "base/result.h"
#include "runtime/call_logger.h"
#include "runtime/call_watch.h"
#include "runtime/context_base.h"
#include "runtime/context_table.h"
#include "runtime/done_waits.h"
#include "runtime/host.h"
#include "runtime/metrics.h"
#include "runtime/shared_data.h"
#include "runtime/vm.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class Expressions;
class PluginContext;

// Whether an instance is one that serves, or one that Host::load() tries a plugin out with.
enum class Purpose : uint8_t { Serve, Trial };

// What an instance needs around it. All outlive it.
struct VmSurroundings {
  Host& host;
  WorkerServices& services;
  CallWatch::Thread& watch;
  Purpose purpose;
};

// Who keeps an instance. The instance, and the root that ended, are still on the stack when it is
// told: it destroys them later.
class VmOwner {
 public:
  // A trap has ended the instance, and its contexts know.
  virtual void on_instance_failed(VmInstance& instance) = 0;
  virtual void on_root_ended(std::unique_ptr<PluginContext> root) = 0;

 protected:
  ~VmOwner() = default;
};

// Thread: its worker's.
class VmInstance final : public abi::VmServices {
 public:
  VmInstance(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm, VmOwner& owner);
  ~VmInstance() override;

  // Runs the module's start sequence. `plugin` names the VM in messages.
  Done start(const Plugin& plugin);

  // Starts a root context: proxy_on_context_create, proxy_on_vm_start, proxy_on_configure. The
  // context is gone again where the plugin refuses.
  Result<PluginContext*> start_root(std::shared_ptr<const Plugin> plugin);

  // From a root that has ended (PluginContext::end).
  void drop_root(PluginContext& root);

  bool has(abi::Callback callback) const { return guest_->has(callback); }

  // Calls the guest, if it has that callback, under the limit on calls; then everything that it
  // asked for is done. The guest's answer, `or_else` where it has no such callback; empty when the
  // instance has failed, now or earlier. Not from inside a hostcall.
  abi::GuestAnswer call(abi::Callback callback, ContextBase& context,
                        std::initializer_list<uint32_t> params, uint32_t or_else = 0);

  bool failed() const { return !failure_.empty(); }
  // Why; a line for logs.
  const std::string& failure() const { return failure_; }

  bool has_contexts() const { return contexts_.count() != 0; }
  bool only_roots_left() const { return contexts_.count() == roots_.size(); }

  const Vm& vm() const { return *vm_; }
  Host& host() const { return surroundings_.host; }
  WorkerServices& services() const { return surroundings_.services; }
  Purpose purpose() const { return surroundings_.purpose; }
  Expressions& expressions() { return *expressions_; }

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

  void note_pending(ContextBase& context);
  void apply_pending();
  void fail(const Plugin& plugin, std::string_view doing);
  Metric* find_metric(uint32_t metric_id) const;

  VmSurroundings surroundings_;
  std::shared_ptr<const Vm> vm_;
  VmOwner& owner_;
  Milliseconds call_limit_;
  CallLogger logger_;
  SharedStore& shared_data_;
  std::unique_ptr<Expressions> expressions_;
  ContextTable<ContextBase> contexts_;
  std::vector<std::unique_ptr<PluginContext>> roots_;
  std::vector<abi::ContextId> pending_;
  DoneWaits done_waits_;
  std::vector<Metric*> metrics_;
  std::unordered_map<const Metric*, uint32_t> metric_ids_;
  Metric* active_;
  std::string failure_;
  uint32_t last_call_ = 0;
  std::unique_ptr<abi::Guest> guest_;
};

}  // namespace weir::runtime

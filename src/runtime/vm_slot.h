#pragma once
// A VM on one worker, through failures and restarts.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "runtime/restart_policy.h"
#include "runtime/stream_instances.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

class VmSlot;

// A plugin that runs in a VM on a worker. Owned by the slot that it is in.
struct VmUser {
  std::shared_ptr<const Plugin> plugin;
  VmSlot* slot;
  PluginContext* root = nullptr;   // null while no instance runs
  StreamSource* source = nullptr;  // where each stream has an instance of its own
  // The same plugin in a slot of the same VM that does not serve yet, and the other way round.
  VmUser* successor = nullptr;
  VmUser* predecessor = nullptr;
};

// Holds the instance that serves, starts another when one has failed, and sees the last one out
// when no plugin uses it any more. One that has begun to serve takes in no further root: what would
// go wrong at its start would go wrong for the streams that are there. For that, another slot of
// the same VM is made beside it, which users are carried over to. Owned by its Worker. Thread: the
// worker's.
class VmSlot final : private VmOwner {
 public:
  // `on_idle` is called, from the event loop, when nothing is left to keep.
  VmSlot(const VmSurroundings& surroundings, std::shared_ptr<const Vm> vm,
         std::function<void(VmSlot&)> on_idle);
  ~VmSlot();

  // Starts the plugin in the running instance, or in a first one.
  Result<VmUser*> add(std::shared_ptr<const Plugin> plugin);
  // The user's root ends once its streams have gone, unless another user shares it.
  void remove(VmUser& user);

  // Starts the user's plugin here, too; the user of another slot of this VM stays as it is until
  // begin_serving().
  Done carry_over(VmUser& user);
  // From now on users that were carried over are here, and their streams to come.
  void begin_serving();
  bool is_serving() const { return serving_; }
  bool has_users() const { return !users_.empty(); }
  // Whether users of another slot are to come here.
  bool has_carried() const {
    return std::ranges::any_of(users_, [](const auto& one) { return one->predecessor != nullptr; });
  }
  // Whether add() would find a root to share.
  bool has_root_for(const Plugin& plugin) const {
    return instance_ != nullptr && instance_->find_root(plugin) != nullptr;
  }

  // The running instance, started again if need be and allowed; null: there is none now.
  VmInstance* running() { return instance_ ? instance_.get() : restart(); }

  bool is_running() const { return instance_ != nullptr; }
  // Whether running() would find none now.
  bool is_backing_off() const {
    return !instance_ && !restarts_.would_take(surroundings_.host.clock().monotonic());
  }
  // Why the last instance ended, or the last start failed.
  const std::string& last_failure() const { return failures_.last; }
  uint64_t failures() const { return failures_.count; }

  // Null: streams share the running instance.
  StreamInstances* streams() const { return streams_.get(); }

  const Vm& vm() const { return *vm_; }

 private:
  // For guests that never say that they are done.
  static constexpr Milliseconds kDoneGrace{10'000};

  // VmOwner
  void on_instance_failed(VmInstance& instance) override;
  void on_root_ended(std::unique_ptr<PluginContext> root) override;

  Done start_instance(const Plugin& plugin);
  VmInstance* restart();
  // What the user was in here goes on without it; it is not in users_ any more.
  void let_go(const VmUser& left);
  void clean_up_soon();
  void clean_up();
  void drain();
  void on_drain_timer();
  void count(std::string_view what) const;

  VmSurroundings surroundings_;
  std::shared_ptr<const Vm> vm_;
  const SharedStore::Serving data_bound_;
  std::function<void(VmSlot&)> on_idle_;
  std::unique_ptr<engine::ThreadAttachment> attachment_;
  RestartPolicy restarts_;
  Failures failures_;
  std::unique_ptr<VmInstance> instance_;
  std::vector<std::unique_ptr<VmInstance>> dead_instances_;
  std::vector<std::unique_ptr<PluginContext>> dead_roots_;
  std::vector<std::unique_ptr<VmUser>> users_;
  std::unique_ptr<StreamInstances> streams_;
  std::unique_ptr<Timer> drain_timer_;
  bool serving_ = false;
  bool cleaning_soon_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::runtime

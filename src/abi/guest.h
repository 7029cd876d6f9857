#pragma once
// A running plugin module: the calls into it, and all calls that it makes.

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "abi/callbacks.h"
#include "abi/context.h"
#include "abi/guest_answer.h"
#include "abi/host_call.h"
#include "abi/linked_module.h"
#include "base/result.h"
#include "engine/engine.h"

namespace weir::abi {

// One instance of a LinkedModule. After a trap it answers nothing more and is to be destroyed.
// Thread: the one that made it, save interrupt().
class Guest final : private engine::ImportHandler {
 public:
  // Makes the instance without running any of it. `module` and `vm` outlive the guest.
  static Result<std::unique_ptr<Guest>> make(const LinkedModule& module, VmServices& vm);
  ~Guest();

  // Runs the start sequence up to the first callback. Once, before any call().
  engine::Flow start();

  bool has(Callback callback) const { return module_.has(callback); }

  // Calls the callback with `context` effective; uses `params` up. The result is the guest's
  // answer, or 0 where the callback has none; empty when the guest trapped (trap()). The callback
  // is exported (has()). Not to be nested.
  GuestAnswer call(Callback callback, ContextId id, Context& context, CallbackParams& params);

  // What ended the guest. Only after a trap.
  const engine::Trap& trap() const { return *trap_; }
  bool failed() const { return trap_.has_value(); }

  // See engine::Instance::interrupt(). Thread: any.
  void interrupt() const noexcept { instance_->interrupt(); }

  const LinkedModule& module() const { return module_; }

  // What the guest's code has made of the module's state, for LinkOptions::state. The module is
  // observable; not from inside a call. The memory is valid until the guest runs again.
  Result<wasm::InstanceState> state();

  // The bytes of linear memory in use; 0 for native plugins.
  uint64_t memory_bytes() const;

 private:
  friend class HostCall;

  // An export is bound when it is first called: a stream needs few of them.
  using BoundExport = std::optional<engine::ExportId>;
  struct BoundCallback {
    BoundExport id;
    uint8_t slots = 0;
    bool has_result = false;
  };

  // What the guest may call, by what it is doing.
  enum class Phase : uint8_t { Starting, Allocating, InCallback };

  Guest(const LinkedModule& module, VmServices& vm) : module_(module), vm_(vm) {}

  engine::Flow on_import(uint32_t token, engine::Slots slots,
                         engine::Memory memory) noexcept override;

  Done bind(BoundExport& bound, std::string_view name, size_t params, bool has_result);
  Done bind(Callback callback, BoundCallback& bound);
  engine::Flow call_entry(std::string_view name);
  engine::Flow call_export(engine::ExportId id, engine::Slots slots) {
    return instance_->call(id, slots) == engine::Flow::Return ? engine::Flow::Return : trapped();
  }
  engine::Flow trapped();
  engine::Flow fail(engine::Trap trap);
  Status allocate(uint64_t size, uint64_t& address, HostCall& call);

  const LinkedModule& module_;
  VmServices& vm_;
  std::array<BoundCallback, kCallbacks.size()> callbacks_{};
  BoundExport allocator_;
  Phase phase_ = Phase::Starting;
  Context* effective_ = nullptr;
  std::string host_trap_reason_;
  std::optional<engine::Trap> trap_;
  std::unique_ptr<engine::Instance> instance_;
};

}  // namespace weir::abi

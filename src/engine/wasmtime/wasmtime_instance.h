#pragma once
// A running module: one Wasmtime store with one instance in it.

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/wasmtime/convert.h"
#include "engine/wasmtime/handles.h"

namespace weir::engine::wasmtime {

class WasmtimeModule;

// An imported function as the trampoline needs it. Owned by the module.
struct HostFunction {
  uint32_t token;
  Values params;
  uint8_t result_count;
  uint8_t slot_count;  // the larger of both
};

// The places of the pool. Thread: any.
class Pool {
 public:
  // To be called once, before the pool is shared. Until then it has no places.
  void resize(uint32_t places) { free_ = places_ = places; }

  bool take() {
    if (free_.fetch_sub(1) > 0) return true;
    ++free_;
    return false;
  }
  void give_back() { ++free_; }
  uint64_t used() const {
    const int64_t free = free_.load();
    return static_cast<uint64_t>(places_ - (free < 0 ? 0 : free));
  }

 private:
  std::atomic<int64_t> free_ = 0;  // briefly below 0 while a take() fails
  int64_t places_ = 0;
};

// A place in the pool, or none.
struct GiveBack {
  void operator()(Pool* pool) const { pool->give_back(); }
};
using PoolPlace = std::unique_ptr<Pool, GiveBack>;

class WasmtimeInstance final : public Instance {
 public:
  // `engine` is the one that `pre` was made for, and lets guests have so much stack.
  WasmtimeInstance(const WasmtimeModule& module, wasm_engine_t* engine,
                   const wasmtime_instance_pre_t* pre, PoolPlace place, ImportHandler& handler,
                   const Limits& limits, uint64_t stack_bytes);

  Flow instantiate() noexcept override;
  Result<ExportId> bind_export(std::string_view name, Signature) override;
  Flow call(ExportId, Slots) noexcept override;
  Trap take_trap() override;
  Memory memory() noexcept override;
  void interrupt() const noexcept override;

  // The one trampoline: every import of every module arrives here. `env` is its HostFunction.
  static wasm_trap_t* on_host_call(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* raw,
                                   size_t count);

 private:
  struct BoundExport {
    wasmtime_func_t function;
    Values results;
    uint8_t param_count;
    uint8_t slot_count;
  };

  static wasmtime_error_t* on_epoch(const wasmtime_context_t*, void* self, uint64_t* delta,
                                    wasmtime_update_deadline_kind_t* kind);

  void look_for_memory(wasmtime_caller_t* caller) noexcept;
  void keep_memory(const wasmtime_extern_t& item);
  Flow trapped(wasmtime_error_t* error, wasm_trap_t* trap, TrapKind unknown) noexcept;
  bool lacks_stack();

  const WasmtimeModule& module_;
  wasm_engine_t* engine_;
  const wasmtime_instance_pre_t* pre_;
  ImportHandler& handler_;

  const uint64_t stack_bytes_;
  uint32_t running_calls_ = 0;  // nested in each other

  PoolPlace place_;  // before store_: given back when the store is gone
  OwnedStore store_;
  wasmtime_context_t* context_;
  wasmtime_instance_t instance_{};
  std::optional<wasmtime_memory_t> memory_;
  std::byte* base_ = nullptr;  // of memory_, for good: the engine's memories grow where they are
  std::vector<BoundExport> exports_;

  std::optional<TrapKind> stopped_as_;  // set where we ended a call, not the guest
  std::optional<Trap> trap_;

  // See interrupt().
  mutable std::atomic<bool> interrupted_ = false;
  mutable std::atomic<bool> resumed_ = false;
};

}  // namespace weir::engine::wasmtime

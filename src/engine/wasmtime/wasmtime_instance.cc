#include "engine/wasmtime/wasmtime_instance.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "engine/thread_stack.h"
#include "engine/wasmtime/convert.h"
#include "engine/wasmtime/wasmtime_module.h"

namespace weir::engine::wasmtime {
namespace {

constexpr std::string_view kMemory = "memory";
constexpr std::string_view kInterrupted = "interrupted by the host";

// Uninitialised on purpose: only the slots in use are written.
using RawSlots = std::array<wasmtime_val_raw_t, kMaxSlots>;

int64_t to_limit(uint64_t bound) {
  return static_cast<int64_t>(std::min<uint64_t>(bound, INT64_MAX));
}

}  // namespace

WasmtimeInstance::WasmtimeInstance(const WasmtimeModule& module, wasm_engine_t* engine,
                                   const wasmtime_instance_pre_t* pre, PoolPlace place,
                                   ImportHandler& handler, const Limits& limits,
                                   uint64_t stack_bytes)
    : module_(module),
      engine_(engine),
      pre_(pre),
      handler_(handler),
      stack_bytes_(stack_bytes),
      place_(std::move(place)),
      store_(wasmtime_store_new(engine, this, nullptr)),
      context_(wasmtime_store_context(store_.get())) {
  constexpr int64_t kDefault = -1;
  // Wasmtime bounds each table: several share what one may have.
  const uint64_t each = limits.max_table_elements / std::max(module.tables(), 1u);
  wasmtime_store_limiter(store_.get(), to_limit(limits.max_memory_bytes), to_limit(each), 1,
                         kDefault, kDefault);
  wasmtime_store_epoch_deadline_callback(store_.get(), &on_epoch, this, nullptr);
  // Set once: it stays behind the epoch after an interrupt() that finds no guest running, and so
  // the next call stops at its first check.
  wasmtime_context_set_epoch_deadline(context_, 1);
}

Flow WasmtimeInstance::instantiate() noexcept {
  if (lacks_stack()) return Flow::Trap;
  wasm_trap_t* trap = nullptr;
  ++running_calls_;
  wasmtime_error_t* error = wasmtime_instance_pre_instantiate(pre_, context_, &instance_, &trap);
  --running_calls_;
  resumed_.store(false, std::memory_order_release);
  // All is linked, so what is left to fail is the allocation.
  if (error != nullptr || trap != nullptr) return trapped(error, trap, TrapKind::NoResources);

  wasmtime_extern_t item;
  if (!memory_ &&
      wasmtime_instance_export_get(context_, &instance_, kMemory.data(), kMemory.size(), &item)) {
    keep_memory(item);
  }
  return Flow::Return;
}

Result<ExportId> WasmtimeInstance::bind_export(std::string_view name, Signature signature) {
  const FuncType* type = module_.find_export(name);
  if (type == nullptr) {
    return Error{ErrorCode::LinkFailed, "no function '" + std::string(name) + "' is exported"};
  }
  if (!(type->view() == signature)) {
    return Error{ErrorCode::LinkFailed, "export '" + std::string(name) + "' is " +
                                            to_string(type->view()) + ", not " +
                                            to_string(signature)};
  }
  wasmtime_extern_t item;
  WEIR_CHECK(wasmtime_instance_export_get(context_, &instance_, name.data(), name.size(), &item));
  exports_.push_back({.function = item.of.func,
                      .results = values_of(signature.results),
                      .param_count = static_cast<uint8_t>(signature.params.size()),
                      .slot_count = static_cast<uint8_t>(
                          std::max(signature.params.size(), signature.results.size()))});
  return static_cast<ExportId>(exports_.size() - 1);
}

Flow WasmtimeInstance::call(ExportId id, Slots slots) noexcept {
  WEIR_CHECK(static_cast<size_t>(id) < exports_.size());
  // Copied: a nested bind_export() may move the vector.
  const BoundExport called = exports_[static_cast<size_t>(id)];
  WEIR_CHECK(slots.size() >= called.slot_count);

  if (lacks_stack()) return Flow::Trap;

  RawSlots raw;
  give(slots.data(), called.param_count, raw.data());
  wasm_trap_t* trap = nullptr;
  ++running_calls_;
  wasmtime_error_t* error = wasmtime_func_call_unchecked(context_, &called.function, raw.data(),
                                                         called.slot_count, &trap);
  --running_calls_;
  resumed_.store(false, std::memory_order_release);
  if (error != nullptr || trap != nullptr) return trapped(error, trap, TrapKind::Other);
  take(raw.data(), called.results, slots.data());
  return Flow::Return;
}

wasm_trap_t* WasmtimeInstance::on_host_call(void* env, wasmtime_caller_t* caller,
                                            wasmtime_val_raw_t* raw, size_t) {
  const auto& function = *static_cast<const HostFunction*>(env);
  auto& self =
      *static_cast<WasmtimeInstance*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
  self.resumed_.store(false, std::memory_order_release);

  // A guest without loops may call out for long before it comes to look at the epoch.
  if (self.interrupted_.load(std::memory_order_relaxed)) {
    self.stopped_as_ = TrapKind::Interrupted;
    return wasmtime_trap_new(kInterrupted.data(), kInterrupted.size());
  }
  if (!self.memory_) self.look_for_memory(caller);

  std::array<uint64_t, kMaxSlots> slots;
  take(raw, function.params, slots.data());
  if (self.handler_.on_import(function.token, Slots(slots.data(), function.slot_count),
                              self.memory()) == Flow::Trap) {
    self.stopped_as_ = TrapKind::Host;
    constexpr std::string_view kWhy = "the host refused a call";
    return wasmtime_trap_new(kWhy.data(), kWhy.size());
  }
  give(slots.data(), function.result_count, raw);
  return nullptr;
}

// Wasmtime lets each guest have the same number of bytes, from where it is first entered, whatever
// the thread has left there.
bool WasmtimeInstance::lacks_stack() {
  if (running_calls_ != 0) return false;
  const ThreadStack& stack = ThreadStack::current();
  const uint64_t left = stack.left(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
  const uint64_t needed = stack_bytes_ + kHostStackBytes;
  if (left >= needed) return false;
  if (!trap_) {
    trap_ = Trap{.kind = TrapKind::NoResources,
                 .message = "this thread has " + std::to_string(left) +
                            " bytes left of a stack of " + std::to_string(stack.bytes()) +
                            ", and guests need " + std::to_string(needed) +
                            ": give threads a larger stack, by `ulimit -s` or the server's setting",
                 .frames = {}};
  }
  return true;
}

Memory WasmtimeInstance::memory() noexcept {
  if (!memory_) return {};
  return Memory::linear({base_, wasmtime_memory_data_size(context_, &*memory_)});
}

// A start function calls out before instance_ is known.
void WasmtimeInstance::look_for_memory(wasmtime_caller_t* caller) noexcept {
  wasmtime_extern_t item;
  if (instance_.store_id == 0 &&
      wasmtime_caller_export_get(caller, kMemory.data(), kMemory.size(), &item)) {
    keep_memory(item);
  }
}

void WasmtimeInstance::keep_memory(const wasmtime_extern_t& item) {
  if (item.kind != WASMTIME_EXTERN_MEMORY) return;
  memory_ = item.of.memory;
  base_ = reinterpret_cast<std::byte*>(wasmtime_memory_data(context_, &*memory_));
}

Trap WasmtimeInstance::take_trap() {
  Trap taken = std::move(trap_).value_or(Trap{});
  trap_.reset();
  return taken;
}

// The first cause stands: a call that ends because one nested in it did adds nothing.
Flow WasmtimeInstance::trapped(wasmtime_error_t* error, wasm_trap_t* trap,
                               TrapKind unknown) noexcept {
  const OwnedError owned_error(error);
  const OwnedTrap owned_trap(trap);
  const TrapKind kind = stopped_as_.value_or(unknown);
  stopped_as_.reset();
  if (!trap_) trap_ = trap != nullptr ? to_trap(*trap) : to_trap(*error, kind);
  return Flow::Trap;
}

// The epoch belongs to the engine: raising it wakes every running guest, and on_epoch() lets those
// go on that are not meant. It gives them a deadline one beyond the epoch as it is then, so an
// epoch raised after on_epoch() looked at `interrupted_` and before the deadline is set would pass
// unseen. `resumed_` tells that this may be so, from before that look until our own code runs
// again on the instance's thread; while it is set, raising the epoch once is not known to be
// enough. Guests look at the epoch in every function and loop, so that takes microseconds.
void WasmtimeInstance::interrupt() const noexcept {
  interrupted_.store(true);
  while (true) {
    const bool unsure = resumed_.load();
    wasmtime_engine_increment_epoch(engine_);
    if (!unsure) return;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

wasmtime_error_t* WasmtimeInstance::on_epoch(const wasmtime_context_t*, void* self, uint64_t* delta,
                                             wasmtime_update_deadline_kind_t* kind) {
  auto& instance = *static_cast<WasmtimeInstance*>(self);
  instance.resumed_.store(true);
  if (instance.interrupted_.load()) {
    instance.resumed_.store(false);
    instance.stopped_as_ = TrapKind::Interrupted;
    return wasmtime_error_new(kInterrupted.data());
  }
  *delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return nullptr;
}

}  // namespace weir::engine::wasmtime

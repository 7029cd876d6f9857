#include "engine/wasmedge/wasmedge_instance.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/wasm_page.h"
#include "engine/stack_bound.h"
#include "engine/wasmedge/convert.h"
#include "engine/wasmedge/guest_faults.h"
#include "engine/wasmedge/thread_state.h"
#include "engine/wasmedge/wasmedge_module.h"

namespace weir::engine::wasmedge {
namespace {

// What ends the guest whose host function answered Flow::Trap: any code that is not WasmEdge's own.
constexpr WasmEdge_Result kRefused{(WasmEdge_ErrCategory_UserLevelError << 24) | 1};

uint32_t to_pages(uint64_t bytes) {
  return static_cast<uint32_t>(std::min(bytes / kWasmPageBytes, kMostWasmPages));
}

}  // namespace

thread_local WasmEdgeInstance* WasmEdgeInstance::current = nullptr;
thread_local constinit bool in_guest = false;
thread_local constinit bool stack_is_used_up = false;

// Marks the instance as the one that runs in this thread, until the call returns.
class WasmEdgeInstance::Running {
 public:
  explicit Running(WasmEdgeInstance& instance)
      : before_(std::exchange(current, &instance)),
        was_in_guest_(std::exchange(in_guest, true)),
        bound_(instance.shared_.stack_bytes) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    current = before_;
    in_guest = was_in_guest_;
  }

 private:
  WasmEdgeInstance* before_;
  bool was_in_guest_;
  StackBound bound_;
};

WasmEdgeInstance::WasmEdgeInstance(const Shared& shared, const WasmEdgeModule& module,
                                   ImportHandler& handler, const Limits& limits)
    : shared_(shared),
      module_(module),
      handler_(handler),
      limits_(limits),
      executor_(shared.executors.take(to_pages(limits.max_memory_bytes))),
      store_(own(shared.api.store_create(), shared.api.store_delete)) {}

WasmEdgeInstance::~WasmEdgeInstance() {
  instance_.reset();
  store_.reset();
  shared_.executors.give_back(std::move(executor_));
}

Flow WasmEdgeInstance::instantiate() noexcept {
  const Api& api = shared_.api;
  if (module_.memory_bytes() > limits_.max_memory_bytes) {
    return trapped(TrapKind::NoResources, "the module's memory exceeds the limit");
  }
  if (module_.table_elements() > limits_.max_table_elements) {
    return trapped(TrapKind::NoResources, "the module's tables exceed the limit");
  }
  for (const auto& host_module : module_.host_modules()) {
    const WasmEdge_Result linked =
        api.executor_register_import(executor_.context.get(), store_.get(), host_module.get());
    if (!is_ok(linked)) return trapped(linked);
  }

  const Running running(*this);
  WasmEdge_ModuleInstanceContext* made = nullptr;
  const WasmEdge_Result result =
      api.executor_instantiate(executor_.context.get(), &made, store_.get(), module_.code());
  if (!is_ok(result)) return trapped(result);
  instance_ = own(made, api.module_instance_delete);
  find_memory(made);
  if (memory().size() < module_.memory_bytes() && memory_ != nullptr) {
    return trapped(TrapKind::NoResources, "no address space is left for a memory");
  }
  return Flow::Return;
}

Result<ExportId> WasmEdgeInstance::bind_export(std::string_view name, Signature signature) {
  const Api& api = shared_.api;
  auto* function = api.module_instance_find_function(instance_.get(), to_string(name));
  if (function == nullptr) {
    return Error{ErrorCode::LinkFailed, "no function '" + std::string(name) + "' is exported"};
  }
  const auto type =
      to_func_type(api, shared_.types, api.function_instance_get_function_type(function));
  if (!type || !(type->view() == signature)) {
    return Error{ErrorCode::LinkFailed,
                 "export '" + std::string(name) + "' is " +
                     (type ? to_string(type->view()) : "of a type that the host cannot call") +
                     ", not " + to_string(signature)};
  }
  BoundExport& bound = exports_.emplace_back();
  bound.function = function;
  for (ValType param : signature.params) bound.params.push_back(shared_.types.of(param));
  bound.result_count = static_cast<uint8_t>(signature.results.size());
  return static_cast<ExportId>(exports_.size() - 1);
}

Flow WasmEdgeInstance::call(ExportId id, Slots slots) noexcept {
  WEIR_CHECK(static_cast<size_t>(id) < exports_.size());
  const BoundExport& called = exports_[static_cast<size_t>(id)];
  const size_t param_count = called.params.size();
  WEIR_CHECK(slots.size() >= std::max<size_t>(param_count, called.result_count));

  // Uninitialised on purpose: only the values in use are written.
  std::array<WasmEdge_Value, kMaxSlots> values;
  for (size_t i = 0; i < param_count; ++i) {
    values[i].Value = slots[i];
    values[i].Type = called.params[i];
  }
  const bool is_nested = current != nullptr;
  const Running running(*this);
  std::optional<ThreadState> outer;
  if (is_nested) outer.emplace(reinterpret_cast<const void*>(shared_.api.version_get));
  const WasmEdge_Result result = shared_.api.executor_invoke(
      executor_.context.get(), called.function, values.data(), static_cast<uint32_t>(param_count),
      values.data(), called.result_count);
  outer.reset();
  if (!is_ok(result)) return trapped(result);
  for (size_t i = 0; i < called.result_count; ++i) {
    slots[i] = static_cast<uint64_t>(values[i].Value);
  }
  return Flow::Return;
}

WasmEdge_Result WasmEdgeInstance::on_host_call(void* function, void*,
                                               const WasmEdge_CallingFrameContext* frame,
                                               const WasmEdge_Value* params, uint32_t param_count,
                                               WasmEdge_Value* results, uint32_t result_count) {
  const auto& called = *static_cast<const HostFunction*>(function);
  WasmEdgeInstance& self = *current;
  // A start function calls out before instance_ is known.
  if (self.instance_ == nullptr) {
    self.find_memory(self.shared_.api.calling_frame_get_module_instance(frame));
  }

  std::array<uint64_t, kMaxSlots> slots;
  for (size_t i = 0; i < param_count; ++i) slots[i] = static_cast<uint64_t>(params[i].Value);
  in_guest = false;
  const Flow flow =
      self.handler_.on_import(called.token, Slots(slots.data(), called.slot_count), self.memory());
  in_guest = true;
  if (flow == Flow::Trap) return kRefused;
  for (size_t i = 0; i < result_count; ++i) results[i].Value = slots[i];
  return WasmEdge_Result_Success;
}

Memory WasmEdgeInstance::memory() noexcept {
  if (memory_ == nullptr) return {};
  const Api& api = shared_.api;
  auto* data = api.memory_instance_get_pointer(memory_, 0, 0);
  return Memory::linear({reinterpret_cast<std::byte*>(data),
                         api.memory_instance_get_page_size(memory_) * kWasmPageBytes});
}

void WasmEdgeInstance::find_memory(const WasmEdge_ModuleInstanceContext* in) {
  memory_ = shared_.api.module_instance_find_memory(in, to_string("memory"));
}

Trap WasmEdgeInstance::take_trap() {
  Trap taken = std::move(trap_).value_or(Trap{});
  trap_.reset();
  return taken;
}

Flow WasmEdgeInstance::trapped(WasmEdge_Result result) noexcept {
  if (std::exchange(stack_is_used_up, false)) {
    return trapped(TrapKind::StackOverflow, "the guest's stack is used up");
  }
  return trapped(kind_of(result), result.Code == kRefused.Code ? "the host refused a call"
                                                               : message_of(shared_.api, result));
}

// The first cause stands: a call that ends because one nested in it did adds nothing.
Flow WasmEdgeInstance::trapped(TrapKind kind, std::string message) {
  if (!trap_) trap_ = Trap{.kind = kind, .message = std::move(message), .frames = {}};
  return Flow::Trap;
}

// The interpreter looks for the request at every function entry and branch, and takes it back only
// when it stops for it. Compiled code does not look: the limits pass stops it.
void WasmEdgeInstance::interrupt() const noexcept {
  shared_.api.async_cancel(executor_.stop.get());
}

}  // namespace weir::engine::wasmedge

#include "engine/wamr/wamr_instance.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/wasm_page.h"
#include "engine/wamr/convert.h"
#include "engine/wamr/wamr_extra.h"
#include "engine/wamr/wamr_module.h"

namespace weir::engine::wamr {
namespace {

// WAMR's functions take and give values in cells of 4 bytes, a wide one in two.
using Cells = std::array<uint32_t, 2 * kMaxSlots>;

uint32_t wide_mask(std::span<const ValType> types) {
  uint32_t mask = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == ValType::I64 || types[i] == ValType::F64) mask |= 1u << i;
  }
  return mask;
}
static_assert(kMaxSlots <= 32, "wide_mask has a bit for each slot");

bool is_wide(uint32_t mask, size_t index) { return ((mask >> index) & 1) != 0; }

void to_cells(std::span<const uint64_t> slots, uint32_t wide, uint32_t* cell) {
  for (size_t i = 0; i < slots.size(); ++i) {
    const size_t cells = is_wide(wide, i) ? 2 : 1;
    std::memcpy(cell, &slots[i], cells * sizeof(*cell));
    cell += cells;
  }
}

void to_slots(const uint32_t* cell, uint32_t wide, std::span<uint64_t> slots) {
  for (size_t i = 0; i < slots.size(); ++i) {
    const size_t cells = is_wide(wide, i) ? 2 : 1;
    slots[i] = 0;
    std::memcpy(&slots[i], cell, cells * sizeof(*cell));
    cell += cells;
  }
}

}  // namespace

Flow WamrInstance::instantiate() noexcept {
  const weir_wamr_shape& shape = module_.shape();
  if (shape.memory_bytes > limits_.max_memory_bytes) {
    return stopped(TrapKind::NoResources, "a memory of " + std::to_string(shape.memory_bytes) +
                                              " bytes exceeds the limit");
  }
  if (shape.table_elements > limits_.max_table_elements) {
    return stopped(TrapKind::NoResources,
                   "tables of " + std::to_string(shape.table_elements) +
                       " elements exceed the limit of " +
                       std::to_string(limits_.max_table_elements) +
                       ": WAMR makes room at once for all that a table may grow to, or twice what "
                       "it begins with where the module declares no less");
  }

  InstantiationArgs args{};
  // 0 would mean no limit.
  args.max_memory_pages = static_cast<uint32_t>(
      std::clamp<uint64_t>(limits_.max_memory_bytes / kWasmPageBytes, 1, UINT32_MAX));
  std::array<char, 128> why{};
  instance_.reset(wasm_runtime_instantiate_ex(module_.loaded(), &args, why.data(), why.size()));
  if (instance_ == nullptr) {
    const std::string_view text = plain_text(why.data());
    return stopped(trap_kind(text), std::string(text));
  }
  env_.reset(wasm_runtime_create_exec_env(instance_.get(), module_.stack_bytes()));
  if (env_ == nullptr) return stopped(TrapKind::NoResources, "no memory for a stack");
  wasm_runtime_set_user_data(env_.get(), this);
  interruptible_.store(env_.get());
  if (interrupted_.load()) interrupt();
  return start();
}

bool WamrInstance::is_imported(uint32_t function) const {
  return function < module_.shape().imported_functions;
}

Flow WamrInstance::start() {
  const weir_wamr_shape& shape = module_.shape();
  if (!shape.has_start) return Flow::Return;
  if (is_imported(shape.start_index)) return call_host(shape.start_index, {});
  if (!enter([&] { return weir_wamr_call_start(env_.get()); })) return trapped();
  return Flow::Return;
}

// Runs guest code, on a stack that is measured from where the host first entered the guest.
template <typename Function>
bool WamrInstance::enter(Function&& function) noexcept {
  if (depth_++ == 0) weir_wamr_limit_stack(env_.get(), module_.stack_bytes());
  const bool returned = function();
  --depth_;
  return returned;
}

Result<ExportId> WamrInstance::bind_export(std::string_view name, Signature signature) {
  const FuncType* type = module_.find_export(name);
  if (type == nullptr) {
    return Error{ErrorCode::LinkFailed, "no function '" + std::string(name) + "' is exported"};
  }
  if (!(type->view() == signature)) {
    return Error{ErrorCode::LinkFailed, "export '" + std::string(name) + "' is " +
                                            to_string(type->view()) + ", not " +
                                            to_string(signature)};
  }
  auto* function = wasm_runtime_lookup_function(instance_.get(), std::string(name).c_str());
  WEIR_CHECK(function != nullptr);
  exports_.push_back({.function = function,
                      .index = weir_wamr_function_index(instance_.get(), function),
                      .wide_params = wide_mask(signature.params),
                      .wide_results = wide_mask(signature.results),
                      .param_count = static_cast<uint8_t>(signature.params.size()),
                      .result_count = static_cast<uint8_t>(signature.results.size())});
  return static_cast<ExportId>(exports_.size() - 1);
}

Flow WamrInstance::call(ExportId id, Slots slots) noexcept {
  WEIR_CHECK(static_cast<size_t>(id) < exports_.size());
  // Copied: a nested bind_export() may move the vector.
  const BoundExport called = exports_[static_cast<size_t>(id)];
  WEIR_CHECK(slots.size() >= std::max(called.param_count, called.result_count));
  if (is_imported(called.index)) return call_host(called.index, slots);

  Cells cells;
  to_cells(slots.first(called.param_count), called.wide_params, cells.data());
  if (!enter([&] {
        return weir_wamr_call(env_.get(), called.function, cells.size(), cells.data());
      })) {
    return trapped();
  }
  to_slots(cells.data(), called.wide_results, slots.first(called.result_count));
  return Flow::Return;
}

// A module may export what it imports, or start with it. WAMR's machine code cannot.
Flow WamrInstance::call_host(uint32_t function, Slots slots) noexcept {
  if (handler_.on_import(module_.host_function(function).token, slots, memory()) == Flow::Trap) {
    return stopped(TrapKind::Host, "the host refused a call");
  }
  return Flow::Return;
}

void WamrInstance::on_host_call(wasm_exec_env_t env, uint64_t* slots) {
  const auto& function =
      *static_cast<const HostFunction*>(wasm_runtime_get_function_attachment(env));
  auto& self = *static_cast<WamrInstance*>(wasm_runtime_get_user_data(env));
  if (self.handler_.on_import(function.token, Slots(slots, function.slot_count), self.memory()) ==
      Flow::Trap) {
    self.refused_ = true;
    wasm_runtime_set_exception(self.instance_.get(), "the host refused a call");
  }
}

Memory WamrInstance::memory() noexcept {
  if (!module_.exports_memory() || instance_ == nullptr) return {};
  uint64_t size = 0;
  uint8_t* bytes = weir_wamr_memory(instance_.get(), &size);
  return Memory::linear({reinterpret_cast<std::byte*>(bytes), size});
}

Trap WamrInstance::take_trap() {
  Trap taken = std::move(trap_).value_or(Trap{});
  trap_.reset();
  return taken;
}

// The first cause stands: a call that ends because one nested in it did adds nothing.
Flow WamrInstance::stopped(TrapKind kind, std::string why) {
  if (!trap_) trap_ = Trap{.kind = kind, .message = std::move(why), .frames = {}};
  return Flow::Trap;
}

Flow WamrInstance::trapped() {
  std::array<char, WEIR_WAMR_EXCEPTION_BYTES> exception;
  weir_wamr_exception(instance_.get(), exception.data());
  const std::string_view text = plain_text(exception.data());
  const TrapKind kind = refused_ ? TrapKind::Host : trap_kind(text);
  refused_ = false;
  if (!trap_) {
    trap_ = Trap{.kind = kind,
                 .message = std::string(text),
                 .frames = to_frames(instance_.get(), module_.shape().imported_functions)};
  }
  return Flow::Trap;
}

// The request outlives the call that it meets: nothing clears it in the environment. Before there
// is one, instantiate() looks after it. WAMR has one text for traps and requests: of a guest that
// has trapped, and whose trap trapped() has not read yet, a request says that it has been
// interrupted. Other engines keep the two apart.
void WamrInstance::interrupt() const noexcept {
  interrupted_.store(true);
  if (auto* env = interruptible_.load()) weir_wamr_interrupt(env);
}

}  // namespace weir::engine::wamr

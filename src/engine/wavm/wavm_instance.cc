#include "engine/wavm/wavm_instance.h"

#include <WAVM/IR/IR.h>
#include <WAVM/LLVMJIT/LLVMJIT.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>

#include "engine/stack_bound.h"
#include "engine/wavm/convert.h"
#include "engine/wavm/guest_run.h"

namespace weir::engine::wavm {
namespace {

namespace runtime = WAVM::Runtime;

constexpr const char* kMemory = "memory";

// Not initialised: only what is in use is written.
struct Values {
  alignas(WAVM::IR::UntaggedValue) std::byte bytes[kMaxSlots * sizeof(WAVM::IR::UntaggedValue)];

  WAVM::IR::UntaggedValue* data() { return reinterpret_cast<WAVM::IR::UntaggedValue*>(bytes); }
};

uint32_t narrow_mask(std::span<const ValType> types) {
  uint32_t mask = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == ValType::I32 || types[i] == ValType::F32) mask |= 1u << i;
  }
  return mask;
}
static_assert(kMaxSlots <= 32, "narrow_mask has a bit for each slot");

// To be asked before the copying of a compartment, which does not look whether it gets what it asks
// for.
bool can_reserve(uint64_t bytes) {
  void* space = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return false;
  munmap(space, bytes);
  return true;
}

}  // namespace

Flow WavmInstance::instantiate() noexcept {
  return guarded([this] {
    copy_template();
    const runtime::Function* start = runtime::getStartFunction(instance_);
    if (start == nullptr) return;
    WAVM::LLVMJIT::getInvokeThunk({})(start, context_, nullptr, nullptr);
  });
}

void WavmInstance::copy_template() {
  const Template& original = module_.template_for(limits_);
  if (!can_reserve(module_.reserved_bytes())) {
    throw NoRoom("no address space is left for another instance");
  }
  compartment_ = own(runtime::cloneCompartment(original.compartment.get()));
  runtime::Context* context = runtime::createContext(compartment_.get());
  if (context == nullptr) throw NoRoom("WAVM has no room for a context");
  runtime::setUserData(context, static_cast<HostCallTarget*>(this));
  context_ = runtime::getContextRuntimeData(context);
  instance_ = runtime::remapToClonedCompartment(original.instance, compartment_.get());

  memory_ = runtime::asMemoryNullable(runtime::getInstanceExport(instance_, kMemory));
  if (memory_ != nullptr) {
    memory_base_ = reinterpret_cast<std::byte*>(runtime::getMemoryBaseAddress(memory_));
  }
}

Result<ExportId> WavmInstance::bind_export(std::string_view name, Signature signature) {
  const auto* function =
      runtime::asFunctionNullable(runtime::getInstanceExport(instance_, std::string(name)));
  if (function == nullptr) {
    return Error{ErrorCode::LinkFailed, "no function '" + std::string(name) + "' is exported"};
  }
  const WAVM::IR::FunctionType function_type = runtime::getFunctionType(function);
  const auto type = to_func_type(function_type);
  if (!type || !(type->view() == signature)) {
    return Error{ErrorCode::LinkFailed,
                 "export '" + std::string(name) + "' is " +
                     (type ? to_string(type->view()) : "of a type of its own") + ", not " +
                     to_string(signature)};
  }
  if (type->params.size() > kMaxSlots) {
    return Error{ErrorCode::LinkFailed,
                 "export '" + std::string(name) + "' has too many parameters"};
  }
  exports_.push_back({.function = function,
                      .invoke = WAVM::LLVMJIT::getInvokeThunk(function_type),
                      .narrow_results = narrow_mask(signature.results),
                      .param_count = static_cast<uint8_t>(signature.params.size()),
                      .result_count = static_cast<uint8_t>(signature.results.size()),
                      .slot_count = static_cast<uint8_t>(
                          std::max(signature.params.size(), signature.results.size()))});
  return static_cast<ExportId>(exports_.size() - 1);
}

Flow WavmInstance::call(ExportId id, Slots slots) noexcept {
  WEIR_CHECK(static_cast<size_t>(id) < exports_.size());
  // Copied: a nested bind_export() may move the vector.
  const BoundExport called = exports_[static_cast<size_t>(id)];
  WEIR_CHECK(slots.size() >= called.slot_count);

  Values params;
  Values results;
  for (size_t i = 0; i < called.param_count; ++i) params.data()[i].u64 = slots[i];
  const Flow flow =
      guarded([&] { called.invoke(called.function, context_, params.data(), results.data()); });
  if (flow == Flow::Trap) return flow;
  for (size_t i = 0; i < called.result_count; ++i) {
    const bool narrow = ((called.narrow_results >> i) & 1) != 0;
    slots[i] = narrow ? results.data()[i].u32 : results.data()[i].u64;
  }
  return Flow::Return;
}

template <typename Action>
Flow WavmInstance::guarded(const Action& action) noexcept {
  try {
    const StackBound bound(module_.stack_bytes());
    runtime::unwindSignalsAsExceptions([&action] { action(); });
    return Flow::Return;
  } catch (runtime::Exception* exception) {
    const Flow flow = trapped(to_trap(*exception, module_.function_names()));
    runtime::destroyException(exception);
    return flow;
  } catch (const NoRoom& error) {
    return trapped({.kind = TrapKind::NoResources, .message = error.what(), .frames = {}});
  } catch (const std::exception& error) {
    return trapped({.kind = TrapKind::Other, .message = error.what(), .frames = {}});
  }
}

// The first cause stands: a call that ends because one nested in it did adds nothing.
Flow WavmInstance::trapped(Trap trap) noexcept {
  if (!trap_) trap_ = std::move(trap);
  return Flow::Trap;
}

Trap WavmInstance::take_trap() {
  Trap taken = std::move(trap_).value_or(Trap{});
  trap_.reset();
  return taken;
}

Memory WavmInstance::memory() noexcept {
  if (memory_ == nullptr) return {};
  return Memory::linear(
      {memory_base_, runtime::getMemoryNumPages(memory_) * WAVM::IR::numBytesPerPage});
}

Flow WavmInstance::on_host_call(uint32_t index,
                                std::span<WAVM::IR::UntaggedValue> values) noexcept {
  const HostFunction& function = module_.host_function(index);
  std::array<uint64_t, kMaxSlots> slots;
  for (size_t i = 0; i < function.param_count; ++i) slots[i] = values[i].u64;
  const Flow flow =
      handler_.on_import(function.token, Slots(slots.data(), function.slot_count), memory());
  for (size_t i = 0; i < function.result_count; ++i) values[i].u64 = slots[i];
  return flow;
}

}  // namespace weir::engine::wavm

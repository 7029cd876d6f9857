#include "abi/guest.h"

#include <utility>

namespace weir::abi {

using engine::Flow;
using engine::Slots;

namespace {

constexpr std::array kI32s{ValType::I32, ValType::I32, ValType::I32, ValType::I32, ValType::I32};
static_assert(kI32s.size() == kMaxCallbackParams);

Signature i32_signature(size_t params, bool has_result) {
  return {std::span(kI32s).first(params), std::span(kI32s).first(has_result ? 1 : 0)};
}

}  // namespace

Result<std::unique_ptr<Guest>> Guest::make(const LinkedModule& module, VmServices& vm) {
  std::unique_ptr<Guest> guest(new Guest(module, vm));
  WEIR_TRY(guest->instance_, module.module().make_instance(*guest, module.limits()));
  return guest;
}

Guest::~Guest() = default;

Flow Guest::start() {
  if (instance_->instantiate() == Flow::Trap) return fail(instance_->take_trap());
  switch (module_.entry()) {
    case Entry::StartSection:
    case Entry::Started:
      break;
    case Entry::Initialize:
      if (call_entry("_initialize") == Flow::Trap) return Flow::Trap;
      if (call_entry(module_.interface().find_export("main") ? "main" : "__main_void") ==
          Flow::Trap) {
        return Flow::Trap;
      }
      break;
    case Entry::Start:
      if (call_entry("_start") == Flow::Trap) return Flow::Trap;
      break;
  }
  phase_ = Phase::InCallback;
  return Flow::Return;
}

Done Guest::bind(BoundExport& bound, std::string_view name, size_t params, bool has_result) {
  WEIR_TRY(bound, instance_->bind_export(name, i32_signature(params, has_result)));
  return Unit{};
}

Done Guest::bind(Callback callback, BoundCallback& bound) {
  const auto params = module_.params_of(callback);
  WEIR_CHECK(params.has_value());
  const CallbackType& type = type_of(callback);
  bound.slots = std::max<uint8_t>(*params, 1);
  bound.has_result = type.has_result;
  return bind(bound.id, type.name, *params, type.has_result);
}

// Calls an entry function, if the module exports it, with zeros for what it takes: `_initialize`
// and
// `_start` take nothing, `main` takes argc and argv or nothing.
Flow Guest::call_entry(std::string_view name) {
  const auto* found = module_.interface().find_export(name);
  if (found == nullptr) return Flow::Return;
  auto id = instance_->bind_export(name, found->type.view());
  if (!id.ok()) return fail({engine::TrapKind::Link, id.error().message, {}});
  std::array<uint64_t, engine::kMaxSlots> slots{};
  if (found->type.params.size() > slots.size() || found->type.results.size() > slots.size()) {
    return fail({engine::TrapKind::Link,
                 "the export '" + std::string(name) + "' has too many parameters",
                 {}});
  }
  return call_export(id.value(), slots);
}

GuestAnswer Guest::call(Callback callback, ContextId id, Context& context, CallbackParams& params) {
  WEIR_CHECK(!failed());
  BoundCallback& bound = callbacks_[static_cast<size_t>(callback)];
  if (!bound.id) {
    if (Done done = bind(callback, bound); !done.ok()) {
      fail({engine::TrapKind::Link, done.error().message, {}});
      return std::nullopt;
    }
  }
  auto& slots = params.slots();
  slots[0] = static_cast<uint64_t>(id);
  effective_ = &context;
  const Flow flow = call_export(*bound.id, Slots(slots).first(bound.slots));
  effective_ = nullptr;
  if (flow == Flow::Trap) return std::nullopt;
  return bound.has_result ? static_cast<uint32_t>(slots[0]) : 0u;
}

Flow Guest::trapped() { return fail(instance_->take_trap()); }

// A trap inside a nested call comes first and is the cause; what it makes of the outer calls is
// not.
Flow Guest::fail(engine::Trap trap) {
  if (!trap_) {
    if (trap.kind == engine::TrapKind::Host && !host_trap_reason_.empty()) {
      trap.message = host_trap_reason_;
    }
    for (engine::Frame& frame : trap.frames) {
      if (frame.module_offset) *frame.module_offset -= static_cast<uint64_t>(module_.code_shift());
    }
    trap_ = std::move(trap);
  }
  return Flow::Trap;
}

Flow Guest::on_import(uint32_t token, Slots slots, engine::Memory memory) noexcept {
  const Link& link = module_.link(token);
  HostCall call(*this, vm_, link, memory);
  if (phase_ != Phase::InCallback && link.when != Callable::Anytime) {
    call.trap("'" + link.import->name + "' was called " +
              (phase_ == Phase::Starting ? "before the module had started"
                                         : "by the module's allocator"));
    return Flow::Trap;
  }
  call.set_context(effective_);
  link.invoke(call, slots.data());
  return call.trapped() ? Flow::Trap : Flow::Return;
}

Status Guest::allocate(uint64_t size, uint64_t& address, HostCall& call) {
  if (size > (call.memory().word_bytes() == 8 ? SIZE_MAX / 2 : UINT32_MAX)) {
    return Status::InternalFailure;
  }
  if (!allocator_) {
    if (Done done = bind(allocator_, module_.allocator(), 1, true); !done.ok()) {
      call.trap(done.error().message);
      return Status::InternalFailure;
    }
  }
  std::array<uint64_t, 1> slots{size};
  const Phase before = std::exchange(phase_, Phase::Allocating);
  const Flow flow = call_export(*allocator_, slots);
  phase_ = before;
  if (flow == Flow::Trap) {
    call.trap("the module's allocator trapped");
    return Status::InternalFailure;
  }
  if (slots[0] == 0) return Status::InternalFailure;
  address = slots[0];
  return Status::Ok;
}

Result<wasm::InstanceState> Guest::state() {
  static constexpr std::array kI64{ValType::I64};
  wasm::InstanceState state;
  for (const std::string& name : module_.state_functions()) {
    WEIR_TRY(const engine::ExportId id, instance_->bind_export(name, Signature{{}, kI64}));
    std::array<uint64_t, 1> slots{};
    if (call_export(id, slots) == Flow::Trap) {
      return Error{ErrorCode::GuestTrapped, trap_->to_line()};
    }
    state.globals.push_back(slots[0]);
  }
  const engine::Memory memory = instance_->memory();
  state.memory = Bytes(memory.at(0, memory.size()), memory.size());
  return state;
}

uint64_t Guest::memory_bytes() const {
  return module_.engine().capabilities().native_code ? 0 : instance_->memory().size();
}

bool HostCall::switch_context(ContextId id) {
  Context* found = vm_.find_context(id);
  if (found == nullptr) return false;
  guest_.effective_ = found;
  context_ = found;
  return true;
}

const ModuleInterface::Import& HostCall::import() const { return *link_.import; }

AbiVersion HostCall::abi_version() const { return guest_.module_.abi_version(); }

Status HostCall::allocate(uint64_t size, uint64_t& address) {
  const Status status = guest_.allocate(size, address, *this);
  memory_ = guest_.instance_->memory();
  if (status == Status::Ok && !memory_.contains(address, size)) {
    log(LogLevel::Error, "the module's allocator gave an address outside its memory");
    return Status::InvalidMemoryAccess;
  }
  return status;
}

void HostCall::trap(std::string reason) {
  trapped_ = true;
  guest_.host_trap_reason_ = std::move(reason);
}

void HostCall::log(LogLevel level, std::string_view what) {
  Logger& logger = vm_.logger();
  if (level < logger.level()) return;
  std::string line;
  if (context_ != nullptr) line.append(context_->log_prefix()).append(": ");
  line.append(link_.import->name).append(": ").append(what);
  logger.write(level, line);
}

}  // namespace weir::abi

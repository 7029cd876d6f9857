#include "engine/v8/v8_instance.h"

#include <v8-array-buffer.h>
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-external.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/v8/objects.h"
#include "engine/v8/traps.h"
#include "engine/v8/v8_module.h"
#include "engine/v8/values.h"

namespace weir::engine::v8_adapter {
namespace {

size_t slot_count(const Signature& signature) {
  return std::max(signature.params.size(), signature.results.size());
}

// A call's results: one is the value, several are an array.
bool read_results(v8::Local<v8::Context> context, v8::Local<v8::Value> value,
                  std::span<const ValType> types, Slots slots) {
  if (types.size() == 1) slots[0] = to_slot(value, types[0]);
  if (types.size() < 2) return true;
  for (uint32_t i = 0; i < types.size(); ++i) {
    v8::Local<v8::Value> item;
    if (!value.As<v8::Object>()->Get(context, i).ToLocal(&item)) return false;
    slots[i] = to_slot(item, types[i]);
  }
  return true;
}

void write_results(v8::Isolate* isolate, v8::ReturnValue<v8::Value> result,
                   std::span<const ValType> types, Slots slots) {
  if (types.empty()) return;
  if (types.size() == 1 && types[0] == ValType::I32) {
    result.Set(static_cast<int32_t>(slots[0]));
    return;
  }
  if (types.size() == 1) {
    result.Set(to_value(isolate, types[0], slots[0]));
    return;
  }
  Values values;
  for (size_t i = 0; i < types.size(); ++i) values.add(to_value(isolate, types[i], slots[i]));
  result.Set(v8::Array::New(isolate, values.data(), values.size()));
}

}  // namespace

V8Instance::~V8Instance() {
  exports_.Reset();
  memory_.Reset();
  bound_.clear();
  // Or the next one in its place could fill the heap once more, without end.
  if (filled_heap_ == thread_.heap_limits()) thread_.restore_heap_limit();
  thread_.run_tasks();
}

Flow V8Instance::instantiate() noexcept {
  if (interrupted_) return not_begun();
  const Running running(thread_, *this, module_.stack_bytes());
  const auto context = thread_.context();
  const v8::HandleScope handles(thread_.isolate());
  const v8::Context::Scope scope(context);
  v8::TryCatch caught(thread_.isolate());
  const LinkedModule* module = thread_.link(module_.code(), &on_host_call);
  if (module == nullptr) return trapped(caught);

  std::array<v8::Local<v8::Value>, 2> arguments = {local(module->code), local(module->imports)};
  v8::Local<v8::Object> instance;
  // What a start function throws does not keep V8 from returning an object.
  const bool made = thread_.instance_constructor()
                        ->NewInstance(context, arguments.size(), arguments.data())
                        .ToLocal(&instance);
  if (thread_.take_termination() || !made || caught.HasCaught()) return trapped(caught);
  const auto exports = property(context, instance, "exports");
  exports_.Reset(thread_.isolate(), exports.As<v8::Object>());
  keep_memory(exports);
  return Flow::Return;
}

Result<ExportId> V8Instance::bind_export(std::string_view name, Signature signature) {
  const FuncType* type = module_.find_export(name);
  if (type == nullptr) {
    return Error{ErrorCode::LinkFailed, "no function '" + std::string(name) + "' is exported"};
  }
  if (!(type->view() == signature)) {
    return Error{ErrorCode::LinkFailed, "export '" + std::string(name) + "' is " +
                                            to_string(type->view()) + ", not " +
                                            to_string(signature)};
  }
  const v8::HandleScope handles(thread_.isolate());
  const auto function = property(thread_.context(), local(exports_), name);
  WEIR_CHECK(function->IsFunction());
  bound_.push_back(
      {.function = {thread_.isolate(), function.As<v8::Function>()}, .signature = type->view()});
  return static_cast<ExportId>(bound_.size() - 1);
}

Flow V8Instance::call(ExportId id, Slots slots) noexcept {
  WEIR_CHECK(static_cast<size_t>(id) < bound_.size());
  // Copied: a nested bind_export() may move the vector.
  const auto function = local(bound_[static_cast<size_t>(id)].function);
  const Signature signature = bound_[static_cast<size_t>(id)].signature;
  WEIR_CHECK(slots.size() >= slot_count(signature));
  if (interrupted_) return not_begun();

  v8::Isolate* isolate = thread_.isolate();
  const auto context = thread_.context();
  const Running running(thread_, *this, module_.stack_bytes());
  const v8::HandleScope handles(isolate);
  v8::TryCatch caught(isolate);
  caught.SetCaptureMessage(false);
  Values arguments;
  for (size_t i = 0; i < signature.params.size(); ++i) {
    arguments.add(to_value(isolate, signature.params[i], slots[i]));
  }
  v8::Local<v8::Value> value;
  const bool returned = function
                            ->Call(context, v8::Undefined(isolate),
                                   static_cast<int>(arguments.size()), arguments.data())
                            .ToLocal(&value);
  if (thread_.take_termination() || !returned) return trapped(caught);
  return read_results(context, value, signature.results, slots) ? Flow::Return : trapped(caught);
}

void V8Instance::on_host_call(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto& import = *static_cast<const Import*>(info.Data().As<v8::External>()->Value());
  ThreadIsolate::of(info.GetIsolate()).running()->host_call(info, import);
}

// An interrupt that came while the host or another instance ran is acted on here. A guest that is
// to be unwound calls nobody, or those whom the host then calls would be unwound in its place.
void V8Instance::host_call(const v8::FunctionCallbackInfo<v8::Value>& info, const Import& import) {
  const auto& [params, results] = import.signature;
  std::array<uint64_t, kMaxSlots> slots;
  for (size_t i = 0; i < params.size(); ++i) {
    slots[i] = to_slot(info[static_cast<int>(i)], params[i]);
  }
  Flow flow = Flow::Trap;
  if (!interrupted_ && !thread_.terminating()) {
    flow = handler_.on_import(import.token, Slots(slots.data(), slot_count(import.signature)),
                              callers_memory());
  }
  if (interrupted_) {
    stops_as(TrapKind::Interrupted, "interrupted by the host");
    return thread_.terminate_now();
  }
  if (flow == Flow::Trap) {
    stops_as(TrapKind::Host, "the host refused a call");
    return thread_.terminate_now();
  }
  write_results(info.GetIsolate(), info.GetReturnValue(), results, slots);
}

Memory V8Instance::read_memory() const {
  if (memory_.IsEmpty()) return {};
  const auto buffer = local(memory_)->Buffer();
  return Memory::linear({static_cast<std::byte*>(buffer->Data()), buffer->ByteLength()});
}

Memory V8Instance::memory() noexcept {
  const v8::HandleScope handles(thread_.isolate());
  return read_memory();
}

// A start function calls out before its instance is handed to us: V8 knows whose code runs.
Memory V8Instance::callers_memory() {
  if (memory_.IsEmpty() && exports_.IsEmpty()) {
    const auto context = thread_.context();
    keep_memory(property(context, current_instance(context), "exports"));
  }
  return read_memory();
}

void V8Instance::keep_memory(v8::Local<v8::Value> exports) {
  const auto memory = property(thread_.context(), exports, "memory");
  if (memory->IsWasmMemoryObject()) {
    memory_.Reset(thread_.isolate(), memory.As<v8::WasmMemoryObject>());
  }
}

Trap V8Instance::take_trap() {
  Trap taken = std::move(trap_).value_or(Trap{});
  trap_.reset();
  return taken;
}

// The first cause stands: a call that ends because one nested in it did adds nothing.
void V8Instance::stops_as(TrapKind kind, std::string_view why) {
  if (trap_) return;
  trap_ =
      Trap{.kind = kind, .message = std::string(why), .frames = current_frames(thread_.context())};
}

// The heap is all instances' and may be full of what they are made of: the one that happens to run
// is to blame if it fills the heap a second time, before the limit has been lowered.
void V8Instance::fills_heap() {
  if (std::exchange(filled_heap_, thread_.heap_limits()) != thread_.heap_limits()) return;
  if (!trap_) {
    trap_ = Trap{.kind = TrapKind::NoResources,
                 .message = "out of memory for exceptions and objects of the engine",
                 .frames = {}};
  }
  thread_.end_filler_of_heap();
}

Flow V8Instance::not_begun() {
  if (!trap_) trap_ = Trap{.kind = TrapKind::Interrupted, .message = "interrupted by the host"};
  return Flow::Trap;
}

Flow V8Instance::trapped(const v8::TryCatch& caught) {
  if (!trap_) trap_ = to_trap(thread_.context(), caught.Exception());
  return Flow::Trap;
}

// Guests look for requests to V8 in every function and loop. Which instance runs then is known only
// there, so the request is made of the isolate, and those that are not meant go on; `interrupted_`
// tells the one that is, also when its code runs again after the host's or another's. It is set
// before the request: whoever comes to run next and does not see it is stopped by the request.
void V8Instance::interrupt() const noexcept {
  if (!interrupted_.exchange(true)) thread_.isolate()->RequestInterrupt(&on_interrupt, nullptr);
}

void V8Instance::on_interrupt(v8::Isolate* isolate, void*) {
  V8Instance* running = ThreadIsolate::of(isolate).running();
  if (running == nullptr || !running->interrupted_) return;
  running->stops_as(TrapKind::Interrupted, "interrupted by the host");
  running->thread_.terminate();
}

}  // namespace weir::engine::v8_adapter

#include "engine/v8/thread_isolate.h"

#include <libplatform/libplatform.h>
#include <v8-external.h>
#include <v8-script.h>

#include <algorithm>

#include "engine/thread_stack.h"
#include "engine/v8/artifact.h"
#include "engine/v8/start_v8.h"
#include "engine/v8/traps.h"
#include "engine/v8/v8_instance.h"

namespace weir::engine::v8_adapter {
namespace {

// V8 takes the limit as an address and setting it takes a lock: one that differs from the wanted
// one by less than this stays.
constexpr uintptr_t kStackTolerance = 16 * 1024;

// On V8's heap lie what instances are made of, their tables, and exceptions that they keep. As long
// as what lives there is less than this, V8 asks nobody. It would end the process at a limit that
// nobody raises.
constexpr size_t kHeapBytes = 128 << 20;
// How much a guest may add to a full heap, or a quarter of that if this is more; and what it gets
// to unwind.
constexpr size_t kHeapBytesOfGuest = 32 << 20;
constexpr std::chrono::seconds kRestoreInterval(60);

thread_local std::weak_ptr<ThreadIsolate> attached;

// Entered, once and for all: to enter it for each call would cost that call 15 ns.
v8::Isolate* make_isolate(v8::ArrayBuffer::Allocator* allocator) {
  start_v8();
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = allocator;
  params.constraints.set_max_old_generation_size_in_bytes(kHeapBytes);
  v8::Isolate* isolate = v8::Isolate::New(params);
  isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate->SetWasmStreamingCallback(&on_streaming);
  prepare_stack_traces(isolate);
  isolate->Enter();
  return isolate;
}

}  // namespace

std::shared_ptr<ThreadIsolate> ThreadIsolate::attach() {
  auto thread = attached.lock();
  if (!thread) {
    thread = std::make_shared<ThreadIsolate>();
    attached = thread;
  }
  return thread;
}

ThreadIsolate& ThreadIsolate::current() {
  const auto thread = attached.lock();
  WEIR_CHECK(thread != nullptr);
  return *thread;
}

ThreadIsolate::ThreadIsolate()
    : allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()),
      isolate_(make_isolate(allocator_.get())),
      handles_(isolate()),
      context_(v8::Context::New(isolate())) {
  isolate_->SetData(kSelf, this);
  isolate_->AddNearHeapLimitCallback(&on_full_heap, this);
  const v8::Context::Scope scope(context_);
  web_assembly_ = property(context_, context_->Global(), "WebAssembly").As<v8::Object>();
  instance_constructor_ = property(context_, web_assembly_, "Instance").As<v8::Function>();
  nothing_ = v8::Script::Compile(context_, to_string(isolate(), "(function() {})"))
                 .ToLocalChecked()
                 ->Run(context_)
                 .ToLocalChecked()
                 .As<v8::Function>();
}

void ThreadIsolate::Dispose::operator()(v8::Isolate* isolate) const {
  v8::platform::NotifyIsolateShutdown(&start_v8(), isolate);
  isolate->Exit();
  isolate->Dispose();
}

const LinkedModule* ThreadIsolate::link(const std::shared_ptr<const ModuleCode>& code,
                                        v8::FunctionCallback callback) {
  if (const auto found = linked_.find(code); found != linked_.end()) return &found->second;
  std::erase_if(linked_, [](const auto& entry) { return entry.first.expired(); });

  const v8::HandleScope handles(isolate());
  v8::Local<v8::WasmModuleObject> module;
  if (!v8::WasmModuleObject::FromCompiledModule(isolate(), code->compiled).ToLocal(&module)) {
    return nullptr;
  }
  LinkedModule linked;
  linked.code.Reset(isolate(), module);
  linked.imports.Reset(isolate(), make_imports(*code, callback));
  return &linked_.emplace(code, std::move(linked)).first->second;
}

v8::Local<v8::Object> ThreadIsolate::make_imports(const ModuleCode& code,
                                                  v8::FunctionCallback callback) {
  const auto null = v8::Null(isolate());
  const auto modules = v8::Object::New(isolate(), null, nullptr, nullptr, 0);
  for (const Import& import : code.imports) {
    auto module = property(context_, modules, import.module);
    if (!module->IsObject()) {
      module = v8::Object::New(isolate(), null, nullptr, nullptr, 0);
      modules->CreateDataProperty(context_, to_string(isolate(), import.module), module).Check();
    }
    // The callback takes what it points to as const.
    const auto data = v8::External::New(isolate(), const_cast<Import*>(&import));
    const auto function =
        v8::Function::New(context_, callback, data, 0, v8::ConstructorBehavior::kThrow)
            .ToLocalChecked();
    module.As<v8::Object>()
        ->CreateDataProperty(context_, to_string(isolate(), import.name), function)
        .Check();
  }
  return modules;
}

void ThreadIsolate::limit_stack(uint64_t bytes) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t wanted = ThreadStack::current().bound(here, bytes);
  if (std::max(wanted, stack_limit_) - std::min(wanted, stack_limit_) < kStackTolerance) return;
  stack_limit_ = wanted;
  isolate_->SetStackLimit(wanted);
}

void ThreadIsolate::terminate() {
  terminating_ = true;
  isolate_->TerminateExecution();
}

// V8 acts on it when a function of JavaScript is entered.
void ThreadIsolate::terminate_now() {
  terminate();
  const auto ended = nothing_->Call(context_, v8::Undefined(isolate()), 0, nullptr);
  WEIR_CHECK(ended.IsEmpty());
}

bool ThreadIsolate::take_termination() {
  if (!terminating_) return false;
  terminating_ = false;
  isolate_->CancelTerminateExecution();
  return true;
}

// V8 asks in the midst of collecting garbage.
size_t ThreadIsolate::on_full_heap(void* self, size_t limit, size_t) {
  auto& thread = *static_cast<ThreadIsolate*>(self);
  thread.heap_was_full_ = true;
  if (thread.running_ != nullptr) thread.running_->fills_heap();
  return limit + std::max(kHeapBytesOfGuest, limit / 4);
}

void ThreadIsolate::end_filler_of_heap() {
  heap_is_overfull_ = true;
  terminate();
}

void ThreadIsolate::leave_full_heap() {
  heap_was_full_ = false;
  if (std::exchange(heap_is_overfull_, false)) {
    take_termination();  // of a guest that came back before it was unwound
    restore_heap_limit();
  } else if (std::chrono::steady_clock::now() > restorable_from_) {
    restore_heap_limit();
  }
}

// The limit cannot be below what lies on the heap, so what has died goes first. That takes long
// where much lives.
void ThreadIsolate::restore_heap_limit() {
  // Collects once. LowMemoryNotification() would do so as long as anything more is freed.
  isolate_->MemoryPressureNotification(v8::MemoryPressureLevel::kCritical);
  isolate_->MemoryPressureNotification(v8::MemoryPressureLevel::kNone);
  isolate_->RemoveNearHeapLimitCallback(&on_full_heap, kHeapBytes);
  isolate_->AddNearHeapLimitCallback(&on_full_heap, this);
  ++heap_limits_;
  restorable_from_ = std::chrono::steady_clock::now() + kRestoreInterval;
}

void ThreadIsolate::run_tasks() {
  while (v8::platform::PumpMessageLoop(&start_v8(), isolate())) continue;
}

}  // namespace weir::engine::v8_adapter

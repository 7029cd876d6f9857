#include "engine/v8/thread_isolate.h"

#include <libplatform/libplatform.h>
#include <v8-external.h>
#include <v8-script.h>

#include <algorithm>

#include "engine/v8/artifact.h"
#include "engine/v8/start_v8.h"
#include "engine/v8/traps.h"
#include "engine/v8/v8_instance.h"

namespace weir::engine::v8_adapter {
namespace {

// V8 takes the limit as an address and setting it takes a lock: one that differs from the wanted
// one by less than this stays.
constexpr uintptr_t kStackTolerance = 16 * 1024;

thread_local std::weak_ptr<ThreadIsolate> attached;

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

ThreadIsolate::ThreadIsolate() : allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator()) {
  start_v8();
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = allocator_.get();
  isolate_ = v8::Isolate::New(params);
  isolate_->SetData(kSelf, this);
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate_->SetWasmStreamingCallback(&on_streaming);
  isolate_->AddNearHeapLimitCallback(&on_full_heap, this);
  isolate_->AutomaticallyRestoreInitialHeapLimit();
  prepare_stack_traces(isolate_);
  // Once and for all: to enter it for each call would cost that call 15 ns.
  isolate_->Enter();

  const v8::HandleScope handles(isolate_);
  const auto context = v8::Context::New(isolate_);
  context_.Reset(isolate_, context);
  const v8::Context::Scope scope(context);
  const auto web_assembly = property(context, context->Global(), "WebAssembly").As<v8::Object>();
  web_assembly_.Reset(isolate_, web_assembly);
  instance_constructor_.Reset(isolate_,
                              property(context, web_assembly, "Instance").As<v8::Function>());
  const auto source = v8::String::NewFromUtf8Literal(isolate_, "(function() {})");
  nothing_.Reset(isolate_, v8::Script::Compile(context, source)
                               .ToLocalChecked()
                               ->Run(context)
                               .ToLocalChecked()
                               .As<v8::Function>());
}

ThreadIsolate::~ThreadIsolate() {
  linked_.clear();
  nothing_.Reset();
  instance_constructor_.Reset();
  web_assembly_.Reset();
  context_.Reset();
  v8::platform::NotifyIsolateShutdown(&start_v8(), isolate_);
  isolate_->Exit();
  isolate_->Dispose();
}

const LinkedModule* ThreadIsolate::link(const std::shared_ptr<const ModuleCode>& code,
                                        v8::FunctionCallback callback) {
  if (const auto found = linked_.find(code); found != linked_.end()) return &found->second;
  std::erase_if(linked_, [](const auto& entry) { return entry.first.expired(); });

  const v8::HandleScope handles(isolate_);
  v8::Local<v8::WasmModuleObject> module;
  if (!v8::WasmModuleObject::FromCompiledModule(isolate_, code->compiled).ToLocal(&module)) {
    return nullptr;
  }
  LinkedModule linked;
  linked.code.Reset(isolate_, module);
  linked.imports.Reset(isolate_, make_imports(*code, callback));
  return &linked_.emplace(code, std::move(linked)).first->second;
}

v8::Local<v8::Object> ThreadIsolate::make_imports(const ModuleCode& code,
                                                  v8::FunctionCallback callback) {
  const auto context = this->context();
  const auto null = v8::Null(isolate_);
  const auto modules = v8::Object::New(isolate_, null, nullptr, nullptr, 0);
  for (const Import& import : code.imports) {
    auto module = property(context, modules, import.module);
    if (!module->IsObject()) {
      module = v8::Object::New(isolate_, null, nullptr, nullptr, 0);
      modules->CreateDataProperty(context, to_string(isolate_, import.module), module).Check();
    }
    // The callback takes what it points to as const.
    const auto data = v8::External::New(isolate_, const_cast<Import*>(&import));
    const auto function =
        v8::Function::New(context, callback, data, 0, v8::ConstructorBehavior::kThrow)
            .ToLocalChecked();
    module.As<v8::Object>()
        ->CreateDataProperty(context, to_string(isolate_, import.name), function)
        .Check();
  }
  return modules;
}

void ThreadIsolate::limit_stack(uint64_t bytes) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uintptr_t wanted = here - bytes;
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
  const auto ended = local(nothing_)->Call(context(), v8::Undefined(isolate_), 0, nullptr);
  WEIR_CHECK(ended.IsEmpty());
}

bool ThreadIsolate::take_termination() {
  if (!terminating_) return false;
  terminating_ = false;
  isolate_->CancelTerminateExecution();
  return true;
}

void ThreadIsolate::run_tasks() {
  while (v8::platform::PumpMessageLoop(&start_v8(), isolate_)) continue;
}

// What fills the heap are the guests' tables. V8 ends the process where it finds no room even so.
size_t ThreadIsolate::on_full_heap(void* self, size_t limit, size_t) {
  constexpr size_t kToUnwind = size_t{64} << 20;
  auto& thread = *static_cast<ThreadIsolate*>(self);
  if (thread.running_ != nullptr) thread.running_->on_full_heap();
  return limit + kToUnwind;
}

}  // namespace weir::engine::v8_adapter

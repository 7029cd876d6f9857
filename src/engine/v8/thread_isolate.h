#pragma once
// What a thread has of V8: an isolate, which is a heap of JavaScript objects and all that runs on
// it, and in it one context for all instances. No JavaScript of a guest runs in it; instances share
// nothing but the objects of their module.

#include <v8-array-buffer.h>
#include <v8-context.h>
#include <v8-function.h>
#include <v8-isolate.h>
#include <v8-object.h>
#include <v8-persistent-handle.h>
#include <v8-wasm.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "engine/v8/module_code.h"
#include "engine/v8/objects.h"

namespace weir::engine::v8_adapter {

class V8Instance;

// A module as it stands in one isolate.
struct LinkedModule {
  v8::Global<v8::WasmModuleObject> code;
  v8::Global<v8::Object> imports;  // functions, by module and name
};

// Thread: the one that made it.
class ThreadIsolate {
 public:
  // The calling thread's, made if it has none. It ends with its last owner, on the same thread.
  static std::shared_ptr<ThreadIsolate> attach();
  // The calling thread's, which has one.
  static ThreadIsolate& current();
  static ThreadIsolate& of(v8::Isolate* isolate) {
    return *static_cast<ThreadIsolate*>(isolate->GetData(kSelf));
  }

  ThreadIsolate();
  ThreadIsolate(const ThreadIsolate&) = delete;
  ThreadIsolate& operator=(const ThreadIsolate&) = delete;

  // Thread: any, for RequestInterrupt().
  v8::Isolate* isolate() const { return isolate_.get(); }
  v8::Local<v8::Context> context() const { return context_; }
  // WebAssembly, the object that holds V8's functions for it.
  v8::Local<v8::Object> web_assembly() const { return web_assembly_; }
  // WebAssembly.Instance.
  v8::Local<v8::Function> instance_constructor() const { return instance_constructor_; }

  // The module in this isolate, its imports all calling `callback` with an External of their
  // Import; null where V8 refuses, having thrown. Valid until the next link().
  const LinkedModule* link(const std::shared_ptr<const ModuleCode>& code,
                           v8::FunctionCallback callback);

  // The instance whose code runs, or whose call to the host does; null: none.
  V8Instance* running() const { return running_; }

  // Unwinds the running guest as soon as it enters a function or a loop anew. No handler of the
  // guest's sees that.
  void terminate();
  // Unwinds it at once. To be called by a function that it has called, before returning.
  void terminate_now();
  // Whether the running guest is to be unwound.
  bool terminating() const { return terminating_; }
  // To be asked when a guest has come back: whether it was to be unwound, which ends here.
  bool take_termination();

  // How often the heap's limit has been as low as what lives there lets it be. Since then it has
  // been raised wherever the heap was full.
  uint64_t heap_limits() const { return heap_limits_; }
  // Unwinds the running guest, and then lowers the heap's limit.
  void end_filler_of_heap();
  void restore_heap_limit();

  // Lets V8 do what it has put off.
  void run_tasks();

 private:
  friend class Running;

  static constexpr uint32_t kSelf = 0;

  static size_t on_full_heap(void* self, size_t limit, size_t initial_limit);

  v8::Local<v8::Object> make_imports(const ModuleCode& code, v8::FunctionCallback callback);
  void limit_stack(uint64_t bytes);
  // No guest runs any more.
  void leave() {
    if (heap_was_full_) leave_full_heap();
  }
  void leave_full_heap();

  // An isolate is left and gone in the end.
  struct Dispose {
    void operator()(v8::Isolate* isolate) const;
  };

  const std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
  const std::unique_ptr<v8::Isolate, Dispose> isolate_;
  // Around all other scopes of the thread: what follows needs one, and a scope that finds itself
  // the outermost takes memory for its handles and gives it back each time.
  const v8::HandleScope handles_;
  const v8::Local<v8::Context> context_;
  v8::Local<v8::Object> web_assembly_;
  v8::Local<v8::Function> instance_constructor_;
  v8::Local<v8::Function> nothing_;  // a function that does nothing

  // What is no longer used goes when another module comes.
  std::map<std::weak_ptr<const ModuleCode>, LinkedModule, std::owner_less<>> linked_;

  V8Instance* running_ = nullptr;
  bool terminating_ = false;
  bool heap_was_full_ = false;  // in what runs now
  bool heap_is_overfull_ = false;
  uint64_t heap_limits_ = 1;
  std::chrono::steady_clock::time_point restorable_from_;
  uintptr_t stack_limit_ = 0;
};

// While it lives, `instance` runs on the thread, with `stack_bytes` for its frames if no guest ran
// there.
class Running {
 public:
  Running(ThreadIsolate& thread, V8Instance& instance, uint64_t stack_bytes)
      : thread_(thread), before_(std::exchange(thread.running_, &instance)) {
    if (before_ == nullptr) thread.limit_stack(stack_bytes);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    thread_.running_ = before_;
    if (before_ == nullptr) thread_.leave();
  }

 private:
  ThreadIsolate& thread_;
  V8Instance* before_;
};

}  // namespace weir::engine::v8_adapter

#pragma once
// A running module: one WebAssembly.Instance in its thread's isolate.

#include <v8-exception.h>
#include <v8-function-callback.h>
#include <v8-function.h>
#include <v8-persistent-handle.h>
#include <v8-wasm.h>

#include <atomic>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/v8/thread_isolate.h"

namespace weir::engine::v8_adapter {

class V8Module;

class V8Instance final : public Instance {
 public:
  V8Instance(ThreadIsolate& thread, const V8Module& module, ImportHandler& handler)
      : thread_(thread), module_(module), handler_(handler) {}
  ~V8Instance() override;

  Flow instantiate() noexcept override;
  Result<ExportId> bind_export(std::string_view name, Signature) override;
  Flow call(ExportId, Slots) noexcept override;
  Trap take_trap() override;
  Memory memory() noexcept override;
  void interrupt() const noexcept override;

  // The heap of the thread is full while this instance runs, which may have to end by it. To be
  // called while V8 collects garbage: makes no object.
  void fills_heap();

  // The one trampoline: every import of every module arrives here. Its data is the Import.
  static void on_host_call(const v8::FunctionCallbackInfo<v8::Value>& info);

 private:
  struct BoundExport {
    v8::Global<v8::Function> function;
    Signature signature;  // the module's
  };

  static void on_interrupt(v8::Isolate* isolate, void*);

  Memory read_memory() const;
  Memory callers_memory();
  void keep_memory(v8::Local<v8::Value> exports);
  void host_call(const v8::FunctionCallbackInfo<v8::Value>& info, const Import& import);
  void stops_as(TrapKind kind, std::string_view why);
  Flow not_begun();
  Flow trapped(const v8::TryCatch& caught);

  ThreadIsolate& thread_;
  const V8Module& module_;
  ImportHandler& handler_;

  v8::Global<v8::Object> exports_;
  v8::Global<v8::WasmMemoryObject> memory_;
  std::vector<BoundExport> bound_;

  std::optional<Trap> trap_;
  uint64_t filled_heap_ = 0;  // the isolate's heap_limits() then
  mutable std::atomic<bool> interrupted_ = false;
};

}  // namespace weir::engine::v8_adapter

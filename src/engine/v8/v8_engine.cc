// V8 behind the engine seam, as libnode has it, without node.

#include <sys/utsname.h>
#include <v8-exception.h>
#include <v8-initialization.h>

#include <string>

#include "engine/adapter.h"
#include "engine/v8/artifact.h"
#include "engine/v8/objects.h"
#include "engine/v8/start_v8.h"
#include "engine/v8/thread_isolate.h"
#include "engine/v8/v8_module.h"

namespace weir::engine::v8_adapter {
namespace {

constexpr uint64_t kMinStackBytes = 64 * 1024;
constexpr uint64_t kMaxStackBytes = 2 << 20;

// Of a module, in V8's words: "WasmModuleObject::Compile(): invalid opcode 0x12 (enable with
// --experimental-wasm-return_call) @+49". What it could be made to enable is not for plugins.
Error refusal(std::string_view words) {
  constexpr std::string_view kWho = "WasmModuleObject::Compile(): ";
  constexpr std::string_view kFlag = "--experimental-wasm-";
  if (words.starts_with(kWho)) words.remove_prefix(kWho.size());
  const size_t flag = words.find(kFlag);
  if (flag == words.npos) return Error{ErrorCode::BadModule, std::string(words)};
  std::string_view feature = words.substr(flag + kFlag.size());
  feature = feature.substr(0, feature.find(')'));
  return Error{ErrorCode::Unsupported, "the module uses " + std::string(feature) +
                                           ", which engine v8 does not have: " +
                                           std::string(words.substr(0, words.find(" (enable")))};
}

class Attachment final : public ThreadAttachment {
 private:
  std::shared_ptr<ThreadIsolate> isolate_ = ThreadIsolate::attach();
};

class V8Engine final : public Engine {
 public:
  explicit V8Engine(const EngineOptions& options) : stack_bytes_(options.max_stack_bytes) {
    start_v8();
  }

  EngineInfo info() const override {
    return {.name = "v8",
            .version = v8::V8::GetVersion(),
            .compilation = "TurboFan ahead of time, an isolate for each thread"};
  }

  // Of exceptions V8 10.2 has the older form, and of tail calls a prototype that stays off.
  Capabilities capabilities() const override {
    return {.interrupt = true,
            .stack_limit = true,
            .serialize = true,
            .backtrace = true,
            .function_names = true,
            .reference_types = true,
            .simd = true,
            .legacy_exceptions = true};
  }

  // V8 itself refuses an artifact for instructions that this processor lacks.
  std::string fingerprint() const override {
    utsname system{};
    uname(&system);
    return "v8 " + std::string(v8::V8::GetVersion()) + " flags 1 " + system.machine;
  }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import> imports) const override {
    const auto thread = ThreadIsolate::attach();
    WEIR_TRY(auto compiled, compile(*thread, wasm));
    return V8Module::make(*thread, std::move(compiled), imports, stack_bytes_);
  }

  Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    const auto thread = ThreadIsolate::attach();
    WEIR_TRY(auto compiled, from_artifact(*thread, artifact));
    return V8Module::make(*thread, std::move(compiled), imports, stack_bytes_);
  }

  std::unique_ptr<ThreadAttachment> attach_thread() const override {
    return std::make_unique<Attachment>();
  }

 private:
  static Result<v8::CompiledWasmModule> compile(ThreadIsolate& thread, Bytes wasm) {
    v8::Isolate* isolate = thread.isolate();
    const v8::HandleScope handles(isolate);
    const v8::Context::Scope scope(thread.context());
    const v8::TryCatch caught(isolate);
    v8::Local<v8::WasmModuleObject> module;
    if (v8::WasmModuleObject::Compile(isolate,
                                      {reinterpret_cast<const uint8_t*>(wasm.data()), wasm.size()})
            .ToLocal(&module)) {
      return module->GetCompiledModule();
    }
    return refusal(to_text(isolate, property(thread.context(), caught.Exception(), "message")));
  }

  uint64_t stack_bytes_;
};

Result<std::unique_ptr<Engine>> make_engine(const EngineOptions& options) {
  if (options.max_stack_bytes < kMinStackBytes || options.max_stack_bytes > kMaxStackBytes) {
    return Error{ErrorCode::BadConfig, "max_stack_bytes must be " + std::to_string(kMinStackBytes) +
                                           " to " + std::to_string(kMaxStackBytes)};
  }
  return std::unique_ptr<Engine>(std::make_unique<V8Engine>(options));
}

}  // namespace
}  // namespace weir::engine::v8_adapter

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = weir::engine::kSeamVersion,
                                                  .make = &weir::engine::v8_adapter::make_engine};
  return &kAdapter;
}

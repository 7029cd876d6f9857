#include "engine/v8/artifact.h"

#include <libplatform/libplatform.h>
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-external.h>
#include <v8-promise.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/v8/start_v8.h"

namespace weir::engine::v8_adapter {
namespace {

// What stands before the code; the module follows that. Read on the machine that wrote it, or on
// its like.
struct Header {
  std::array<char, 8> magic;
  uint64_t code_bytes;
};
constexpr std::array<char, 8> kMagic = {'W', 'E', 'I', 'R', 'V', '8', '0', '1'};

// Handed through JavaScript to on_streaming().
struct Source {
  std::span<const uint8_t> code;
  std::span<const uint8_t> wasm;
  bool usable = false;
};

std::span<const uint8_t> as_octets(Bytes bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

Error unusable(std::string_view why) {
  return Error{ErrorCode::BadModule, "the artifact cannot be used: " + std::string(why)};
}

// Nothing where the promise is of another kind, or kept with something else.
v8::Local<v8::Value> settled(ThreadIsolate& thread, v8::Local<v8::Promise> promise) {
  using enum v8::platform::MessageLoopBehavior;
  v8::Isolate* isolate = thread.isolate();
  isolate->PerformMicrotaskCheckpoint();
  while (promise->State() == v8::Promise::kPending) {
    v8::platform::PumpMessageLoop(&start_v8(), isolate, kWaitForWork);
    isolate->PerformMicrotaskCheckpoint();
  }
  return promise->Result();
}

}  // namespace

Result<std::vector<std::byte>> to_artifact(v8::CompiledWasmModule compiled) {
  const v8::OwnedBuffer code = compiled.Serialize();
  if (code.size == 0) return Error{ErrorCode::Unsupported, "V8 cannot serialize this module"};
  const v8::MemorySpan<const uint8_t> wasm = compiled.GetWireBytesRef();
  const Header header{.magic = kMagic, .code_bytes = code.size};

  std::vector<std::byte> artifact;
  artifact.reserve(sizeof(header) + code.size + wasm.size());
  const auto append = [&](Bytes bytes) {
    artifact.insert(artifact.end(), bytes.begin(), bytes.end());
  };
  append(std::as_bytes(std::span(&header, 1)));
  append(std::as_bytes(std::span(code.buffer.get(), code.size)));
  append(std::as_bytes(std::span(wasm.data(), wasm.size())));
  return artifact;
}

Result<v8::CompiledWasmModule> from_artifact(ThreadIsolate& thread, Bytes artifact) {
  if (artifact.size() < sizeof(Header)) return unusable("it is too short");
  const auto header = load<Header>(artifact.data());
  if (header.magic != kMagic) return unusable("it is none of this engine's");
  artifact = artifact.subspan(sizeof(Header));
  if (header.code_bytes > artifact.size()) return unusable("it is truncated");
  Source source{.code = as_octets(artifact.first(header.code_bytes)),
                .wasm = as_octets(artifact.subspan(header.code_bytes))};

  v8::Isolate* isolate = thread.isolate();
  const v8::HandleScope handles(isolate);
  const auto context = thread.context();
  const v8::Context::Scope scope(context);
  v8::TryCatch caught(isolate);
  const auto stream = property(context, thread.web_assembly(), "compileStreaming");
  v8::Local<v8::Value> argument = v8::External::New(isolate, &source);
  v8::Local<v8::Value> promise;
  if (!stream.As<v8::Function>()
           ->Call(context, v8::Undefined(isolate), 1, &argument)
           .ToLocal(&promise)) {
    return unusable(to_text(isolate, caught.Exception()));
  }
  const auto module = settled(thread, promise.As<v8::Promise>());
  if (!source.usable) return unusable("it was made by another V8 or for another processor");
  if (!module->IsWasmModuleObject()) return unusable(to_text(isolate, module));
  return module.As<v8::WasmModuleObject>()->GetCompiledModule();
}

void on_streaming(const v8::FunctionCallbackInfo<v8::Value>& info) {
  auto& source = *static_cast<Source*>(info[0].As<v8::External>()->Value());
  const auto stream = v8::WasmStreaming::Unpack(info.GetIsolate(), info.Data());
  source.usable = stream->SetCompiledModuleBytes(source.code.data(), source.code.size());
  if (!source.usable) {
    stream->Abort(v8::Exception::Error(v8::String::Empty(info.GetIsolate())));
    return;
  }
  stream->OnBytesReceived(source.wasm.data(), source.wasm.size());
  stream->Finish();
}

}  // namespace weir::engine::v8_adapter

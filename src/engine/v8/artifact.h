#pragma once
// Compiled code as bytes: V8's own, and the module's, without which V8 does not take it back.

#include <v8-function-callback.h>
#include <v8-wasm.h>

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/v8/thread_isolate.h"

namespace weir::engine::v8_adapter {

// Fails with Unsupported where V8 does.
Result<std::vector<std::byte>> to_artifact(v8::CompiledWasmModule);

// Fails with BadModule where the bytes are not of to_artifact(), or of one on another processor.
Result<v8::CompiledWasmModule> from_artifact(ThreadIsolate&, Bytes artifact);

// V8 hands out compiled code only to one who streams a module; this is the stream of all isolates.
void on_streaming(const v8::FunctionCallbackInfo<v8::Value>&);

}  // namespace weir::engine::v8_adapter

// Guests are compiled ahead by WasmEdge's compiler, in a process of its own.

#include "engine/wasmedge/compiler_process.h"
#include "engine/wasmedge/guest_faults.h"
#include "engine/wasmedge/mode.h"
#include "engine/wasmedge/thread_state.h"

namespace weir::engine::wasmedge {

Mode mode() {
  return {.name = "wasmedge-aot",
          .compilation = "LLVM, ahead of time",
          .fingerprint = kCompilerOptions,
          .capabilities = {.interrupt = true,
                           .memory_limit = true,
                           .serialize = true,
                           .reference_types = true,
                           .simd = true,
                           .extended_constants = true}};
}

Done prepare(const Api& api) {
  auto* function = reinterpret_cast<void*>(api.version_get);
  WEIR_TRY(ThreadState::check(function));
  return take_guest_faults(function);
}

Result<std::vector<std::byte>> translate(Bytes wasm) { return compile_ahead(wasm); }

}  // namespace weir::engine::wasmedge

// Guests are compiled ahead by WasmEdge's compiler, in a process of its own.

#include <cstdlib>
#include <string_view>

#include "engine/wasmedge/compiler_process.h"
#include "engine/wasmedge/guest_faults.h"
#include "engine/wasmedge/mode.h"
#include "engine/wasmedge/thread_state.h"

namespace weir::engine::wasmedge {

Mode mode() {
  return {.name = "wasmedge-aot",
          .compilation = "LLVM, ahead of time",
          .fingerprint = kCompilerOptions,
          .capabilities = {.memory_limit = true,
                           .serialize = true,
                           .reference_types = true,
                           .simd = true,
                           .extended_constants = true}};
}

// What its compiler takes of the stack for a function is not known, and some code takes more in
// each round of a loop: the supplied limit is an estimate, which a hostile module can get past.
Done check_trust() {
  const char* value = std::getenv("WEIR_WASMEDGE_AOT");
  if (value != nullptr && std::string_view(value) == "trusted") return Unit{};
  return Error{ErrorCode::Unsupported,
               "a hostile plugin that WasmEdge has compiled can get past the stack's end: set "
               "WEIR_WASMEDGE_AOT=trusted in the environment where all plugins are trusted, or "
               "choose its interpreter, engine 'wasmedge', or another engine"};
}

Done prepare(const Api& api) {
  WEIR_TRY(check_trust());
  auto* function = reinterpret_cast<void*>(api.version_get);
  WEIR_TRY(ThreadState::check(function));
  return take_guest_faults(function);
}

Result<std::vector<std::byte>> translate(Bytes wasm) { return compile_ahead(wasm); }

}  // namespace weir::engine::wasmedge

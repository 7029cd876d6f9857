// Guests are compiled ahead by WasmEdge's compiler, in a process of its own.

#include <string>

#include "engine/wasmedge/amend_llvm.h"
#include "engine/wasmedge/compiler_process.h"
#include "engine/wasmedge/guest_faults.h"
#include "engine/wasmedge/mode.h"
#include "engine/wasmedge/thread_state.h"
#include "engine/wasmedge/workplace.h"

namespace weir::engine::wasmedge {
namespace {

Done check_processor() {
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) return Unit{};
  return Error{ErrorCode::Unsupported,
               std::string("this processor is older than ") + kTargetProcessor +
                   ", for which WasmEdge's compiler makes code; use its interpreter, engine "
                   "'wasmedge', or another engine"};
}

}  // namespace

Mode mode() {
  return {.name = "wasmedge-aot",
          .compilation = "LLVM, ahead of time",
          .fingerprint = std::string(kCompilerOptions) + ", " + kTargetProcessor,
          .capabilities = {.stack_limit = true,
                           .memory_limit = true,
                           .serialize = true,
                           .reference_types = true,
                           .simd = true,
                           .extended_constants = true}};
}

Done prepare(const Api& api) {
  WEIR_TRY(check_processor());
  WEIR_TRY(find_compiler());
  auto* function = reinterpret_cast<void*>(api.version_get);
  WEIR_TRY(ThreadState::check(function));
  return take_guest_faults(function);
}

Result<std::vector<std::byte>> translate(Bytes wasm) { return compile_ahead(wasm); }

}  // namespace weir::engine::wasmedge

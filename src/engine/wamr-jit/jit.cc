// Guests are compiled by LLVM while they are loaded, into code that lives as long as the module.

#include <cstdlib>
#include <string>
#include <vector>

#include "engine/wamr/llvm_version.h"
#include "engine/wamr/mode.h"

// Of the library, as scripts/setup makes it: whether modules that are loaded from now on are to be
// compiled quickly, into code that is slower.
extern "C" bool weir_wamr_jit_quickly;

namespace weir::engine::wamr {
namespace {

// What WAMR's SIMD is made of. Code is for the processor that compiles it, which runs it too.
bool has_simd() {
#ifdef __x86_64__
  static const bool has = __builtin_cpu_supports("sse4.1");
  return has;
#else
  return true;
#endif
}

// Chosen once for a process, when the engine is first used.
bool quickly() {
  static const bool chosen = [] {
    const char* value = std::getenv("WEIR_WAMR_JIT_QUICKLY");
    return weir_wamr_jit_quickly = value != nullptr && *value != '\0';
  }();
  return chosen;
}

}  // namespace

Mode mode() {
  return {.name = "wamr-jit",
          .compilation = llvm_version() + " when loaded, " + (quickly() ? "quickly, " : "") +
                         "checked memory accesses",
          .fingerprint = llvm_version(),
          .capabilities = {.stack_limit = true,
                           .memory_limit = true,
                           .backtrace = true,
                           .function_names = true,
                           .reference_types = true,
                           .simd = has_simd(),
                           .extended_constants = true}};
}

// WAMR compiles while it loads.
Result<std::vector<std::byte>> translate(Bytes wasm) {
  return std::vector<std::byte>(wasm.begin(), wasm.end());
}

}  // namespace weir::engine::wamr

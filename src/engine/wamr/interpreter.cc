// Guests are interpreted.

#include "engine/wamr/mode.h"

namespace weir::engine::wamr {

Mode mode() {
  return {.name = "wamr",
          .compilation = "fast interpreter, checked memory accesses",
          .fingerprint = "interpreter",
          .capabilities = {.interrupt = true,
                           .stack_limit = true,
                           .memory_limit = true,
                           .backtrace = true,
                           .function_names = true,
                           .reference_types = true,
                           .tail_calls = true,
                           .extended_constants = true}};
}

// WAMR translates for its interpreter while it loads.
Result<std::vector<std::byte>> translate(Bytes wasm) {
  return std::vector<std::byte>(wasm.begin(), wasm.end());
}

}  // namespace weir::engine::wamr

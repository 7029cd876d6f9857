// Guests are interpreted.

#include "engine/wasmedge/mode.h"

namespace weir::engine::wasmedge {

// No exceptions, of neither form. In 0.14.1 a handler that takes all leaves what was thrown on the
// operand stack, where it becomes other values, also references to functions; and a branch out of
// a block leaves the block's handlers behind.
Mode mode() {
  return {.name = "wasmedge",
          .compilation = "interpreter",
          .fingerprint = "interpreter",
          .capabilities = {.interrupt = true,
                           .memory_limit = true,
                           .reference_types = true,
                           .simd = true,
                           .extended_constants = true}};
}

Done prepare(const Api&) { return Unit{}; }

Result<std::vector<std::byte>> translate(Bytes wasm) {
  return std::vector<std::byte>(wasm.begin(), wasm.end());
}

}  // namespace weir::engine::wasmedge

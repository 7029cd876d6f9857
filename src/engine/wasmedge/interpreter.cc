// Guests are interpreted.

#include "engine/wasmedge/mode.h"

namespace weir::engine::wasmedge {

Mode mode() {
  return {.name = "wasmedge",
          .compilation = "interpreter",
          .fingerprint = "interpreter",
          .capabilities = {.interrupt = true,
                           .memory_limit = true,
                           .reference_types = true,
                           .simd = true,
                           .exceptions = true,
                           .legacy_exceptions = true,
                           .extended_constants = true}};
}

Done prepare(const Api&) { return Unit{}; }

Result<std::vector<std::byte>> translate(Bytes wasm) {
  return std::vector<std::byte>(wasm.begin(), wasm.end());
}

}  // namespace weir::engine::wasmedge

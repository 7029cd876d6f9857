#pragma once
// A guest's module, read and compiled, and as an artifact.

#include <WAVM/IR/Module.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/engine.h"

namespace weir::engine::wavm {

struct GuestCode {
  WAVM::IR::Module module;         // its functions named by their indices, and without bodies
  std::vector<std::string> names;  // the functions' own
  std::vector<std::byte> wasm;     // all of it, for to_artifact()
  WAVM::IR::Module import_module;  // of make_import_module(), without bodies
  std::vector<uint8_t> code;       // of the module, as WAVM loads it
  std::vector<uint8_t> import_code;
};

// For this processor. Fails with LinkFailed where the module imports other than `imports`.
Result<GuestCode> compile(Bytes wasm, std::span<const Import> imports);

// Of to_artifact().
Result<GuestCode> from_artifact(Bytes artifact, std::span<const Import> imports);

std::vector<std::byte> to_artifact(const GuestCode&);

// The processor that compile() compiles for, by LLVM's name: artifacts are for it and its like.
const char* target_cpu();

}  // namespace weir::engine::wavm

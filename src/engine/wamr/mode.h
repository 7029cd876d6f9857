#pragma once
// How an adapter runs guests. The adapters of WAMR differ in this alone: interpreter.cc,
// aot_compiler.cc or jit.cc is linked in.

#include <string>
#include <vector>

#include "engine/engine.h"

namespace weir::engine::wamr {

// Version and options, as Engine::fingerprint() has them, and names as in Engine::info().
struct Mode {
  std::string name;
  std::string compilation;
  std::string fingerprint;
  Capabilities capabilities;
};

Mode mode();

// What WAMR is to load for a module. Thread: any.
Result<std::vector<std::byte>> translate(Bytes wasm);

}  // namespace weir::engine::wamr

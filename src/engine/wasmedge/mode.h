#pragma once
// How an adapter runs guests. The two adapters of WasmEdge differ in this alone: interpreter.cc or
// aot.cc is linked in.

#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/wasmedge/api.h"

namespace weir::engine::wasmedge {

// Names as in Engine::info(); what the version leaves open of Engine::fingerprint().
struct Mode {
  std::string name;
  std::string compilation;
  std::string fingerprint;
  Capabilities capabilities;
};

Mode mode();

// To be called once, before all else.
Done prepare(const Api& api);

// What WasmEdge is to load for a valid module. Thread: any.
Result<std::vector<std::byte>> translate(Bytes wasm);

}  // namespace weir::engine::wasmedge

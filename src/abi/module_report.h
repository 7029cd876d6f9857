#pragma once
// What a .wasm file is to a host of Proxy-Wasm, before any engine sees it: for people, and for
// tools that look at plugins.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "abi/callbacks.h"
#include "abi/types.h"
#include "base/bytes.h"
#include "base/result.h"
#include "module/custom_sections.h"
#include "module/module_info.h"
#include "module/toolchain.h"

namespace weir::abi {

// What an import is to the host.
enum class ImportKind : uint8_t {
  Hostcall,
  Wasi,
  CompilersOwn,  // no capability: compilers put it into programs unasked
  OtherType,     // the host has that name, with another type
  Unknown,       // the host does not have it
};

struct ImportReport {
  ImportKind kind;
  std::string module;
  std::string name;
  std::string type;          // "(i32) -> i32", or "memory" where it is no function
  std::string_view subject;  // "headers", "metrics", "WASI"; empty for what the host has not
};

struct CallbackReport {
  std::string_view name;
  std::string_view subject;  // "plugin", "requests", "gRPC"
  bool fits = true;          // the host can call it: its type is the callback's
};

// What all of a module's exports and imports mean. Owns all it holds.
struct ModuleReport {
  wasm::ModuleInfo info;
  std::vector<wasm::Producer> producers;
  wasm::Toolchain made_with;
  AbiVersion abi_version;
  std::string abi_marker;             // the export that tells it
  std::vector<ImportReport> imports;  // each once, in the order of the file
  std::vector<CallbackReport> callbacks;
  std::vector<std::string> unknown_callbacks;  // proxy_on_... that no host calls by that name
  std::vector<std::string> other_exports;      // functions that are neither of these
  // What runs before the first callback, in order: "start section", "_initialize", "main".
  std::vector<std::string> start_sequence;
  std::string allocator;  // empty: it has none
  // What a configuration has to allow for the module to work as it is meant to.
  std::set<std::string> capabilities;
};

// Reads a module. BadModule, in one sentence, where it is malformed or no Proxy-Wasm plugin.
Result<ModuleReport> report_module(Bytes wasm);

}  // namespace weir::abi

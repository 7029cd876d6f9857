#pragma once
// What a module was made with, as far as it shows. To tell people; nothing depends on it.

#include <span>
#include <string>

#include "base/bytes.h"
#include "module/custom_sections.h"
#include "module/module_info.h"

namespace weir::wasm {

// Empty strings: it does not show.
struct Toolchain {
  std::string language;     // "Rust"
  std::string sdk;          // "Rust SDK (proxy-wasm)"
  std::string sdk_version;  // "0.2.5"
};

// Goes by the "producers" section, by what SDKs leave in the data of their programs, and by imports
// and exports that only some have. `wasm` is the file that `info` was read from.
Toolchain guess_toolchain(Bytes wasm, const ModuleInfo& info, std::span<const Producer> producers);

}  // namespace weir::wasm

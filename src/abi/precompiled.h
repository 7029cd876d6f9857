#pragma once
// Whether compiled code that a plugin's file brings (module/precompiled.h) is for an engine to run,
// and how it comes into the file.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "engine/engine.h"
#include "module/module_info.h"

namespace weir::abi {

// What one file brings. Borrows from it.
class PrecompiledCode {
 public:
  // `info` was read from `file`; `plain` is that module without its precompiled code.
  PrecompiledCode(Bytes file, const wasm::ModuleInfo& info, Bytes plain);

  // The artifact that this engine, in this version, with these options, on such a machine, has made
  // of `compiled`; undamaged. The error says why there is none. An artifact is machine code: who
  // passes it to the engine trusts the file's author.
  Result<Bytes> find(const engine::Engine& engine, Bytes compiled) const;

 private:
  std::vector<Bytes> sections_;
  Digest plain_{};
};

// A plugin's file, with compiled code for one engine more.
struct PrecompiledFile {
  std::vector<std::byte> bytes;
  uint64_t artifact_bytes = 0;
  uint32_t dropped = 0;  // sections that were damaged, or for other code than the file's
};

// Compiles the plugin `file` on `engine`, for instances that get `limits`, and adds the result to
// its other sections of precompiled code; one of the same engine, version and options is replaced.
// Unsupported where the engine has no artifacts.
Result<PrecompiledFile> add_precompiled(const engine::Engine& engine, std::string_view file,
                                        const engine::Limits& limits);

}  // namespace weir::abi

#pragma once
// Compiled code that travels inside a module's file: custom sections, each of which holds what one
// engine made of the module. Nothing here says whether to believe one (abi/precompiled.h).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "module/module_info.h"

namespace weir::wasm {

inline constexpr std::string_view kPrecompiledSection = "weir.precompiled";

// One such section. Its contents are a byte for the format; the three texts, each with its length;
// the two digests; a checksum of all but itself; and the artifact, up to the end.
struct Precompiled {
  std::string engine;       // "wasmtime"
  std::string version;      // "50.0.1"
  std::string fingerprint;  // all that the artifact depends on besides the code: the engine's words
  Digest plain{};           // of the module without sections of this name
  Digest compiled{};        // of what the engine compiled: that module, or it with limits added
  Bytes artifact;           // borrowed
};

// How a section's contents are written. No text has more than 1024 bytes.
std::vector<std::byte> write_precompiled(const Precompiled&);

// Reads a section's contents, and leaves the checksum alone, which takes a while. BadModule where
// they are no such thing, Unsupported where their format is another one. Borrows from `contents`.
Result<Precompiled> read_precompiled(Bytes contents);

// Whether contents that read_precompiled() takes are what was once written. Not who wrote them:
// anyone can compute a checksum.
bool checksum_matches(Bytes contents);

// The contents of all such sections, damaged ones too, in their order. `info` was read from `wasm`.
std::vector<Bytes> precompiled_sections(Bytes wasm, const ModuleInfo& info);

// A module without such sections.
class PlainModule {
 public:
  // `info` was read from `wasm`, which outlives this.
  PlainModule(Bytes wasm, const ModuleInfo& info);

  // The file itself, where it has no such section, or has them all at its end.
  Bytes bytes() const { return copy_.empty() ? borrowed_ : Bytes(copy_); }

 private:
  Bytes borrowed_;
  std::vector<std::byte> copy_;
};

// Adds a section at the end of a module.
void append_precompiled(Bytes contents, std::vector<std::byte>& module);

}  // namespace weir::wasm

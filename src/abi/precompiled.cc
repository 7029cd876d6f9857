#include "abi/precompiled.h"

#include <algorithm>
#include <memory>

#include "abi/linked_module.h"
#include "module/precompiled.h"
#include "module/reader.h"

namespace weir::abi {
namespace {

// How near a section comes to being the one that is looked for: the nearest one's reason is told.
enum class Fit : uint8_t {
  OtherEngine,
  Unreadable,
  OtherVersion,
  OtherOptions,
  OtherCode,
  OtherLimits,
  Damaged,
  Fits
};

struct Finding {
  Fit fit = Fit::OtherEngine;
  std::string reason;
  Bytes artifact;
};

Finding examine(Bytes contents, const engine::EngineInfo& info, std::string_view fingerprint,
                const Digest& plain, const Digest& compiled) {
  auto read = wasm::read_precompiled(contents);
  if (!read.ok()) return {Fit::Unreadable, "a section is damaged: " + read.error().message, {}};
  const wasm::Precompiled& section = read.value();
  if (section.engine != info.name) return {};
  if (section.version != info.version) {
    return {Fit::OtherVersion,
            "it is of " + info.name + " " + wasm::quoted(section.version) + ", and this is " +
                wasm::quoted(info.version),
            {}};
  }
  if (section.fingerprint != fingerprint) {
    return {Fit::OtherOptions,
            "it is for " + wasm::quoted(section.fingerprint) + ", and this is " +
                wasm::quoted(fingerprint),
            {}};
  }
  if (section.plain != plain) {
    return {Fit::OtherCode, "it was made of another module than the file's", {}};
  }
  if (section.compiled != compiled) {
    return {Fit::OtherLimits, "it was made for another max_memory_bytes, or by another Weir", {}};
  }
  if (!wasm::checksum_matches(contents)) {
    return {Fit::Damaged, "it is damaged: its checksum is wrong", {}};
  }
  return {Fit::Fits, {}, section.artifact};
}

}  // namespace

PrecompiledCode::PrecompiledCode(Bytes file, const wasm::ModuleInfo& info, Bytes plain)
    : sections_(wasm::precompiled_sections(file, info)) {
  if (!sections_.empty()) plain_ = sha256({plain});
}

Result<Bytes> PrecompiledCode::find(const engine::Engine& engine, Bytes compiled) const {
  const engine::EngineInfo info = engine.info();
  if (!engine.capabilities().serialize) {
    return Error{ErrorCode::Unsupported, info.name + " takes none"};
  }
  Finding best{.reason = "the file has none for " + info.name};
  if (!sections_.empty()) {
    const std::string fingerprint = engine.fingerprint();
    const Digest digest = sha256({compiled});
    for (const Bytes contents : sections_) {
      Finding finding = examine(contents, info, fingerprint, plain_, digest);
      if (finding.fit == Fit::Fits) return finding.artifact;
      if (finding.fit > best.fit) best = std::move(finding);
    }
  }
  return Error{ErrorCode::NotFound, std::move(best.reason)};
}

Result<PrecompiledFile> add_precompiled(const engine::Engine& engine, std::string_view file,
                                        const engine::Limits& limits) {
  if (!engine.capabilities().serialize) {
    return Error{ErrorCode::Unsupported, "the engine has no compiled code to keep"};
  }
  const engine::EngineInfo info = engine.info();
  wasm::Precompiled section{
      .engine = info.name, .version = info.version, .fingerprint = engine.fingerprint()};
  std::vector<std::byte> artifact;
  // Code does not depend on what imports are linked to: whoever loads the file decides about that.
  const LinkOptions options{.stub_unknown_imports = true, .limits = limits};
  const auto compile = [&](Bytes wasm, std::span<const engine::Import> imports)
      -> Result<std::unique_ptr<const engine::Module>> {
    section.compiled = sha256({wasm});
    WEIR_TRY(auto module, engine.compile(wasm, imports));
    WEIR_TRY(artifact, module->serialize());
    return module;
  };
  WEIR_TRY(LinkedModule::make(engine, compile, file, options));

  WEIR_TRY(const wasm::ModuleInfo module, wasm::read_module(as_bytes(file)));
  const wasm::PlainModule plain(as_bytes(file), module);
  section.plain = sha256({plain.bytes()});
  section.artifact = artifact;

  PrecompiledFile made{.bytes = {plain.bytes().begin(), plain.bytes().end()},
                       .artifact_bytes = artifact.size()};
  for (const Bytes contents : wasm::precompiled_sections(as_bytes(file), module)) {
    const auto other = wasm::read_precompiled(contents);
    if (!other.ok() || other.value().plain != section.plain || !wasm::checksum_matches(contents)) {
      ++made.dropped;
    } else if (other.value().fingerprint != section.fingerprint ||
               other.value().engine != section.engine) {
      wasm::append_precompiled(contents, made.bytes);
    }
  }
  wasm::append_precompiled(wasm::write_precompiled(section), made.bytes);
  return made;
}

}  // namespace weir::abi

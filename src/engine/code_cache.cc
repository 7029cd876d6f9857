#include "engine/code_cache.h"

namespace weir::engine {
namespace {

// The length keeps one fingerprint's end apart from the module's start.
Digest key_of(const Engine& engine, Bytes wasm) {
  const std::string fingerprint = engine.fingerprint();
  const uint64_t length = fingerprint.size();
  return sha256({std::as_bytes(std::span(&length, 1)), as_bytes(fingerprint), wasm});
}

}  // namespace

CodeCache::CodeCache(std::filesystem::path folder, uint64_t max_bytes, Logger& logger)
    : files_({.folder = std::move(folder),
              .suffix = ".weircode",
              .name = "code cache",
              .max_bytes = max_bytes},
             logger) {}

std::optional<std::vector<std::byte>> CodeCache::find(const Engine& engine, Bytes wasm) const {
  return files_.find(key_of(engine, wasm));
}

void CodeCache::store(const Engine& engine, Bytes wasm, Bytes artifact) const {
  static_cast<void>(files_.store(key_of(engine, wasm), artifact));  // the log tells
}

void CodeCache::remove(const Engine& engine, Bytes wasm) const {
  files_.remove(key_of(engine, wasm));
}

Result<std::unique_ptr<const Module>> compile(const Engine& engine, const CodeCache* cache,
                                              Bytes wasm, std::span<const Import> imports) {
  if (cache == nullptr || !engine.capabilities().serialize) return engine.compile(wasm, imports);

  if (auto artifact = cache->find(engine, wasm)) {
    auto module = engine.deserialize(*artifact, imports);
    if (module.ok()) return module;
    // Written by a machine with other instructions, say. Where the imports are at fault, compile()
    // says so again.
    cache->remove(engine, wasm);
  }
  auto module = engine.compile(wasm, imports);
  if (!module.ok()) return module;
  if (auto artifact = module.value()->serialize(); artifact.ok()) {
    cache->store(engine, wasm, artifact.value());
  }
  return module;
}

}  // namespace weir::engine

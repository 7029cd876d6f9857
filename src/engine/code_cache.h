#pragma once
// Compiled code kept on disk between runs.

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/file_cache.h"
#include "base/log.h"
#include "engine/engine.h"

namespace weir::engine {

// A folder of artifacts, each found by its engine's fingerprint and its module. What is damaged or
// of another engine is compiled again. Thread: any; several processes may share one folder.
class CodeCache {
 public:
  // `logger` outlives the cache. The folder is made when something is first stored.
  CodeCache(std::filesystem::path folder, uint64_t max_bytes, Logger& logger);

  // The cached artifact of `wasm` for `engine`, or nothing.
  std::optional<std::vector<std::byte>> find(const Engine& engine, Bytes wasm) const;

  // Failing to store is logged and otherwise without effect.
  void store(const Engine& engine, Bytes wasm, Bytes artifact) const;

  // Forgets the artifact, if there is one.
  void remove(const Engine& engine, Bytes wasm) const;

 private:
  FileCache files_;
};

// Compiles `wasm`, or takes its code from `cache` (null: no cache).
Result<std::unique_ptr<const Module>> compile(const Engine& engine, const CodeCache* cache,
                                              Bytes wasm, std::span<const Import> imports);

}  // namespace weir::engine

#pragma once
// Compiled code kept on disk between runs.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "engine/engine.h"

namespace weir::engine {

// A folder of artifacts, one file each, named by their key. Files are written aside and renamed, so
// a reader sees a whole one or none; each carries a checksum. What is damaged is removed, logged
// and compiled again. When the folder grows beyond `max_bytes` the least recently used files go
// first. Thread: any; several processes may share one folder.
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
  std::filesystem::path file_for(const std::array<std::byte, 32>& key) const;
  void remove_least_recently_used() const;

  std::filesystem::path folder_;
  uint64_t max_bytes_;
  Logger& logger_;
};

// Compiles `wasm`, or takes its code from `cache` (null: no cache).
Result<std::unique_ptr<const Module>> compile(const Engine& engine, const CodeCache* cache,
                                              Bytes wasm, std::span<const Import> imports);

}  // namespace weir::engine

#pragma once
// Files kept on disk between runs, found by a hash.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/sha256.h"

namespace weir {

// A folder of files, one for each key. Files are written aside and renamed, so that a reader sees a
// whole one or none, whenever a writer was killed; each carries a checksum, and what is damaged is
// removed and logged. When the files come to more than `max_bytes` the least recently used go
// first. Thread: any; several processes may share one folder.
//
// The checksum is no signature, so nothing is taken that somebody else could have written: a folder
// that another user than the process's and root may write to, by its mode or one on the way to it,
// is not used, which is logged once; and files in it that another may write to, or has written, are
// removed (base/trusted_path.h). What the cache makes is for its user alone.
class FileCache {
 public:
  struct Settings {
    std::filesystem::path folder;  // made when something is first stored
    std::string_view suffix;       // of its files, a literal; others in the folder are left alone
    std::string_view name;         // for log lines, a literal
    uint64_t max_bytes;
  };
  // `logger` outlives the cache.
  FileCache(Settings settings, Logger& logger) : settings_(std::move(settings)), logger_(logger) {}

  std::optional<std::vector<std::byte>> find(const Digest& key) const;

  // Where it cannot be kept, that is logged, and the error tells why.
  Done store(const Digest& key, Bytes content) const;

  // How many there are. Reads the folder.
  size_t count() const;

  // Forgets the file, if there is one.
  void remove(const Digest& key) const;

 private:
  std::filesystem::path file_for(const Digest& key) const;
  // Whether nobody else could have written into the folder. Else says so, the first time.
  bool is_trusted() const;
  void remove_least_recently_used() const;
  void warn(const std::string& what) const;
  Done not_stored(std::string why) const;

  const Settings settings_;
  Logger& logger_;
  mutable std::atomic<bool> told_ = false;  // that the folder is not trusted
};

}  // namespace weir

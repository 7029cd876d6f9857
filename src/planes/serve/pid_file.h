#pragma once
// A file that tells the number of the process that serves.

#include <filesystem>

#include "base/log.h"

namespace weir::serve {

// Thread: one.
class PidFile {
 public:
  // An empty path: no file. `logger` outlives it.
  PidFile(std::filesystem::path path, Logger& logger) : path_(std::move(path)), logger_(logger) {}
  // Removes the file, if it was written and is this process's.
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Replaces what is there. What goes wrong is logged.
  void write();
  // Another process has written the file.
  void leave() { written_ = false; }

 private:
  const std::filesystem::path path_;
  Logger& logger_;
  bool written_ = false;
};

}  // namespace weir::serve

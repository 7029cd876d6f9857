#pragma once
// The files that access logs are written to, and the thread that writes.

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/access_log.h"

namespace weir::serve {

// One file, shared by all that write to it. Thread: the writer's, save where something else is
// said.
class LogSink {
 public:
  // `descriptor` is the sink's own, of the file at `path`; empty: it is none that can be opened
  // again.
  LogSink(int descriptor, std::filesystem::path path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // Thread: any.
  const std::filesystem::path& path() const { return path_; }

  Done write(std::string_view lines) const;
  // The file that is at the path now; made if need be. On an error the old one stays.
  Done reopen();

 private:
  int descriptor_;
  const std::filesystem::path path_;
};

// Whether the file could be opened: neither is it touched nor made. `base_dir` is where relative
// paths start.
Done check_log_file(const config::LogFile& file, const std::filesystem::path& base_dir);

// Nobody who serves streams waits for a disk: what is to be written is handed over, and written in
// the order of handing over. What a slow disk lets pile up beyond kMostBytes is dropped, and told.
// Thread: any.
class LogFiles {
 public:
  static constexpr size_t kMostBytes = 64 << 20;

  // `logger` outlives it.
  explicit LogFiles(Logger& logger);
  // Writes what is there.
  ~LogFiles();

  // The file of an access log, opened to be appended to. `base_dir` is where relative paths start.
  Result<std::shared_ptr<LogSink>> open(const config::LogFile& file,
                                        const std::filesystem::path& base_dir);

  // Whole lines.
  void write(std::shared_ptr<LogSink> sink, std::string lines);

  // What comes from now on goes to the files that are at the paths then (log rotation).
  void reopen();

 private:
  // Lines, or the order to open the file again where there are none.
  struct Task {
    std::shared_ptr<LogSink> sink;
    std::string lines;
  };

  void run(const std::stop_token& stop);
  void perform(const Task& task) const;

  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  // Guarded by mutex_, all below.
  std::map<std::filesystem::path, std::weak_ptr<LogSink>> sinks_;
  std::vector<Task> tasks_;
  size_t waiting_bytes_ = 0;
  uint64_t dropped_bytes_ = 0;
  std::jthread thread_;
};

}  // namespace weir::serve

#pragma once
// The access logs of one listener, in one generation on one worker.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/access_log.h"
#include "planes/serve/log_condition.h"
#include "planes/serve/log_files.h"
#include "planes/serve/log_record.h"
#include "runtime/worker_services.h"

namespace weir::serve {

// Tells one plugin of a finished stream.
using TellPlugin = std::function<void(LogRecord&)>;

// Lines are gathered here, without a lock, and handed to the writer when there are many or when a
// second has passed. Thread: the worker's.
class AccessLogs final {
 public:
  // All outlive it. `sinks` and `plugins` are those of `logs`: a sink, or else a plugin, for each.
  AccessLogs(const std::vector<config::AccessLog>& logs,
             std::vector<std::shared_ptr<LogSink>> sinks, std::vector<TellPlugin> plugins,
             LogFiles& files, runtime::WorkerServices& services);
  // Hands over what is there.
  ~AccessLogs();

  bool empty() const { return logs_.empty(); }

  void write(LogRecord& record);

 private:
  struct Log {
    const config::AccessLog& settings;
    std::optional<LogCondition> condition;  // absent: everything is written
    std::shared_ptr<LogSink> sink;          // null: a plugin
    TellPlugin plugin;
    std::string lines;  // not handed over yet
  };

  void hand_over(Log& log);
  void hand_over_all();

  std::vector<Log> logs_;
  LogFiles& files_;
  std::unique_ptr<runtime::Timer> timer_;
  bool ticking_ = false;
};

}  // namespace weir::serve

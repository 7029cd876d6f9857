#include "planes/serve/access_logs.h"

#include <utility>

#include "planes/serve/log_line.h"

namespace weir::serve {
namespace {

// So much is handed over at once (Envoy's minimum flush size).
constexpr size_t kManyBytes = 64 * 1024;
constexpr Milliseconds kLongestWait{1'000};

}  // namespace

AccessLogs::AccessLogs(const std::vector<config::AccessLog>& logs,
                       std::vector<std::shared_ptr<LogSink>> sinks, std::vector<TellPlugin> plugins,
                       LogFiles& files, runtime::WorkerServices& services)
    : files_(files), timer_(services.make_timer([this] {
        ticking_ = false;
        hand_over_all();
      })) {
  for (size_t i = 0; i < logs.size(); ++i) {
    std::optional<LogCondition> condition;
    if (logs[i].filter) condition.emplace(*logs[i].filter);
    logs_.push_back(
        {logs[i], std::move(condition), std::move(sinks[i]), std::move(plugins[i]), {}});
  }
}

AccessLogs::~AccessLogs() { hand_over_all(); }

void AccessLogs::write(LogRecord& record) {
  for (Log& log : logs_) {
    if (log.condition && !log.condition->met_by(record)) continue;
    if (log.sink == nullptr) {
      log.plugin(record);
      continue;
    }
    append_log_line(std::get<config::LogFile>(log.settings.to).format, record, log.lines);
    if (log.lines.size() >= kManyBytes) {
      hand_over(log);
    } else if (!std::exchange(ticking_, true)) {
      timer_->start(kLongestWait);
    }
  }
}

void AccessLogs::hand_over(Log& log) {
  if (!log.lines.empty()) files_.write(log.sink, std::exchange(log.lines, {}));
}

void AccessLogs::hand_over_all() {
  for (Log& log : logs_) hand_over(log);
}

}  // namespace weir::serve

#pragma once
// Log lines by spdlog, to standard error.

#include <memory>
#include <optional>
#include <string_view>

#include "base/log.h"

namespace spdlog {
class logger;
}

namespace weir::serve {

// "trace", "debug", "info", "warn", "error", "critical"; empty for anything else.
std::optional<LogLevel> parse_log_level(std::string_view name);

// Thread: any.
class SpdlogLogger final : public Logger {
 public:
  explicit SpdlogLogger(LogLevel level);
  ~SpdlogLogger() override;

  LogLevel level() const override { return level_; }
  // Control characters are written as \xNN, so that a plugin cannot forge lines.
  void write(LogLevel level, std::string_view line) override;

 private:
  const LogLevel level_;
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace weir::serve

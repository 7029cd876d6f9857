#include "planes/serve/spdlog_logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <array>

#include "base/printable.h"

namespace weir::serve {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info",
                                                    "warn",  "error", "critical"};

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

SpdlogLogger::SpdlogLogger(LogLevel level)
    : level_(level),
      logger_(std::make_unique<spdlog::logger>(
          "weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>())) {
  logger_->set_level(spdlog::level::trace);  // log() has looked at the level
  logger_->set_pattern("[%Y-%m-%d %H:%M:%S.%e] [%^%l%$] %v");
  logger_->flush_on(spdlog::level::trace);
}

SpdlogLogger::~SpdlogLogger() = default;

void SpdlogLogger::write(LogLevel level, std::string_view line) {
  const auto as_spdlog = static_cast<spdlog::level::level_enum>(level);
  if (is_printable(line)) {
    logger_->log(as_spdlog, spdlog::string_view_t(line.data(), line.size()));
  } else {
    logger_->log(as_spdlog, printable(line));
  }
}

}  // namespace weir::serve

#include "planes/serve/spdlog_logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <array>

namespace weir::serve {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info",
                                                    "warn",  "error", "critical"};

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

std::string printable(std::string_view line) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(line.size());
  for (char c : line) {
    if (is_control(c)) {
      const auto byte = static_cast<unsigned char>(c);
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      text += c;
    }
  }
  return text;
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
  if (std::ranges::none_of(line, is_control)) {
    logger_->log(as_spdlog, spdlog::string_view_t(line.data(), line.size()));
  } else {
    logger_->log(as_spdlog, printable(line));
  }
}

}  // namespace weir::serve

#include "scenario/journal.h"

#include <array>

#include "abi/call_text.h"

namespace weir::scenario {

std::string_view level_name(LogLevel level) {
  static constexpr std::array<std::string_view, 6> kNames{"trace", "debug", "info",
                                                          "warn",  "error", "critical"};
  return kNames.at(static_cast<size_t>(level));
}

std::string fields_text(const abi::HeaderMap& map) {
  std::string text;
  map.for_each([&](std::string_view name, std::string_view value) {
    text.append(text.empty() ? "" : ", ").append(name).append(": ");
    text.append(abi::quoted_bytes(as_bytes(value)));
  });
  return text;
}

void Journal::add_callback(std::string_view name) {
  if (quiet_) return;
  callbacks_.emplace_back(name);
  add_line(std::string("callback ").append(name));
}

void Journal::add_line(std::string_view line) {
  if (quiet_) return;
  const auto since = std::chrono::duration_cast<Milliseconds>(clock_.monotonic() - begin_).count();
  lines_.lock()->push_back("  " + std::to_string(since) + " ms  " + std::string(line));
}

std::string Journal::text() const {
  std::string text;
  auto lines = lines_.lock();  // the loop would not keep it
  for (const std::string& line : *lines) text.append(line).append("\n");
  return text;
}

void Journal::forget_logs_of(std::string_view prefix) {
  const std::string beginning = std::string(prefix) + ": ";
  std::erase_if(*logs_.lock(), [&](const SeenLog& log) { return log.text.starts_with(beginning); });
}

void Journal::write(LogLevel level, std::string_view line) {
  if (quiet_) return;
  const bool of_plugin = !prefix_.empty() && line.starts_with(prefix_);
  SeenLog log{level, of_plugin, std::string(of_plugin ? line.substr(prefix_.size()) : line)};
  // Of a plugin's failure the engine's own words differ from engine to engine: golden files leave
  // Weir's lines out.
  if (of_plugin) {
    add_line("log " + std::string(level_name(level)) + " " +
             abi::quoted_bytes(as_bytes(log.text), SIZE_MAX));
  }
  logs_.lock()->push_back(std::move(log));
}

}  // namespace weir::scenario

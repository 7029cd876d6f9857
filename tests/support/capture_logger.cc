#include "support/capture_logger.h"

#include <algorithm>

namespace weir::test {

void CaptureLogger::write(LogLevel level, std::string_view line) {
  constexpr std::string_view kPrefix = "wasm [";
  constexpr std::string_view kMark = "]: > ";
  const size_t mark = line.find(kMark);
  if (!line.starts_with(kPrefix) || mark == line.npos) {
    lines_.lock()->push_back({level, std::string(line)});
    return;
  }
  const std::string plugin(line.substr(kPrefix.size(), mark - kPrefix.size()));
  const std::string text(line.substr(mark + kMark.size()));
  journal_.add(plugin == "machine" ? text : plugin + ": " + text);
}

bool CaptureLogger::has(std::string_view part) const {
  auto lines = lines_.lock();
  return std::ranges::any_of(
      *lines, [&](const Line& line) { return line.text.find(part) != std::string::npos; });
}

}  // namespace weir::test

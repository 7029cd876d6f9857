#pragma once
// For tests: a logger that keeps what it is told.

#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace weir::test {

// Thread: any.
class RecordingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Trace; }
  void write(LogLevel level, std::string_view line) override {
    lines_.lock()->emplace_back(level, line);
  }
  std::vector<std::string> lines() const { return lines_from(LogLevel::Trace); }
  // Those of that level and of graver ones.
  std::vector<std::string> lines_from(LogLevel least) const {
    std::vector<std::string> texts;
    auto lines = lines_.lock();  // the loop would not keep it
    for (const auto& [level, line] : *lines) {
      if (level >= least) texts.push_back(line);
    }
    return texts;
  }

 private:
  Guarded<std::vector<std::pair<LogLevel, std::string>>> lines_;
};

}  // namespace weir::test

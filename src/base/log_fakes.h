#pragma once
// For tests: a logger that keeps what it is told.

#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"

namespace weir::test {

// Thread: any.
class RecordingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Trace; }
  void write(LogLevel, std::string_view line) override { lines_.lock()->emplace_back(line); }
  std::vector<std::string> lines() const { return *lines_.lock(); }

 private:
  Guarded<std::vector<std::string>> lines_;
};

}  // namespace weir::test

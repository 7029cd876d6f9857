#pragma once
// A logger that keeps its lines.

#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "support/journal.h"

namespace weir::test {

// Lines of the machine ("wasm [machine]: > ...") go to the journal, without what is before them; of
// a plugin with another name, the name stays before them. All other lines stay here.
// Thread: any.
class CaptureLogger final : public Logger {
 public:
  struct Line {
    LogLevel level;
    std::string text;
  };

  explicit CaptureLogger(Journal& journal) : journal_(journal) {}

  LogLevel level() const override { return level_; }
  void set_level(LogLevel level) { level_ = level; }
  void write(LogLevel level, std::string_view line) override;

  // The lines since the last call.
  std::vector<Line> take() { return std::exchange(*lines_.lock(), {}); }

  // Whether a line since the last take() has `part` in it.
  bool has(std::string_view part) const;

 private:
  Journal& journal_;
  std::atomic<LogLevel> level_ = LogLevel::Debug;
  Guarded<std::vector<Line>> lines_;
};

}  // namespace weir::test

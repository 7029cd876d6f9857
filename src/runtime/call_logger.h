#pragma once
// A guest's way to the log: bounded for each call, so that none fills a disk or holds its worker
// up.

#include <algorithm>
#include <string_view>

#include "base/log.h"

namespace weir::runtime {

// Part of a VmInstance. Thread: its worker's.
class CallLogger final : public Logger {
 public:
  // What one outermost call of the guest may log.
  static constexpr size_t kMaxBytes = 4 << 20;
  // What a line counts besides its bytes.
  static constexpr size_t kLineBytes = 64;

  // `to` outlives it.
  explicit CallLogger(Logger& to) : to_(to) {}

  // An outermost call begins.
  void begin_call() { left_ = kMaxBytes; }

  // Drops all that comes until it is called with false.
  void mute(bool muted) { muted_ = muted; }

  LogLevel level() const override { return to_.level(); }

  void write(LogLevel level, std::string_view line) override {
    if (left_ == 0 || muted_) return;
    left_ -= std::min(left_, line.size() + kLineBytes);
    to_.write(level, line);
    if (left_ == 0)
      to_.write(LogLevel::Warn, "a guest logs too much: more of this call is dropped");
  }

 private:
  Logger& to_;
  size_t left_ = kMaxBytes;
  bool muted_ = false;
};

}  // namespace weir::runtime

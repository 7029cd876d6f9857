#pragma once
// What happens in a scenario, in order.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/header_map.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"

namespace weir::scenario {

struct SeenLog {
  LogLevel level;
  bool of_plugin;    // else of Weir itself
  std::string text;  // of a plugin without what names it
};

// A call of the plugin, as the upstream sees it; more of it comes while it goes on.
struct SeenCall {
  std::string upstream;
  abi::HeaderList headers;
  bool grpc = false;
  std::string body;                   // of an HTTP call
  std::vector<std::string> messages;  // of a gRPC call
  std::optional<abi::HeaderList> trailers;
  bool ended = false;      // the plugin's side
  bool cancelled = false;  // the plugin has given it up before its end
};

// How far a journal has come.
struct JournalMark {
  size_t logs = 0;
  size_t callbacks = 0;
  size_t calls = 0;
  size_t lines = 0;
};

// Thread: the scenario's, save as a Logger: any.
class Journal final : public Logger {
 public:
  explicit Journal(const Clock& clock) : clock_(clock) {}

  // What log lines of the plugin begin with: "wasm [name]".
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix) + ": "; }

  // What the plugin of that prefix has logged so far is no part of the scenario.
  void forget_logs_of(std::string_view prefix);

  // Nothing is written down from now on.
  void set_quiet() { quiet_ = true; }

  JournalMark mark() const {
    return {logs_.lock()->size(), callbacks_.size(), calls_.size(), lines_.lock()->size()};
  }

  std::vector<SeenLog> logs_since(const JournalMark& mark) const {
    auto logs = logs_.lock();
    return {logs->begin() + static_cast<ptrdiff_t>(mark.logs), logs->end()};
  }
  std::vector<std::string> callbacks_since(const JournalMark& mark) const {
    return {callbacks_.begin() + static_cast<ptrdiff_t>(mark.callbacks), callbacks_.end()};
  }
  std::vector<std::shared_ptr<const SeenCall>> calls_since(const JournalMark& mark) const {
    return {calls_.begin() + static_cast<ptrdiff_t>(mark.calls), calls_.end()};
  }

  void add_callback(std::string_view name);
  void add_call(std::shared_ptr<const SeenCall> call) {
    if (!quiet_) calls_.push_back(std::move(call));
  }

  // A line of the transcript, with the time since the scenario's begin.
  void add_line(std::string_view line);
  // The transcript, for golden files.
  std::string text() const;

  // Logger. Lines come from plugins, at every level.
  LogLevel level() const override { return LogLevel::Trace; }
  void write(LogLevel level, std::string_view line) override;

 private:
  const Clock& clock_;
  const Nanoseconds begin_ = clock_.monotonic();
  std::string prefix_;
  std::atomic<bool> quiet_ = false;
  Guarded<std::vector<SeenLog>> logs_;
  std::vector<std::string> callbacks_;
  std::vector<std::shared_ptr<const SeenCall>> calls_;
  Guarded<std::vector<std::string>> lines_;
};

// "trace", ..., "critical".
std::string_view level_name(LogLevel level);

// " name: value" of each, for the transcript.
std::string fields_text(const abi::HeaderMap& map);

}  // namespace weir::scenario

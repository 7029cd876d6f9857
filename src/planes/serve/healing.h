#pragma once
// Code that did not come for the first configuration, tried for again and again.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "planes/common/code_gathering.h"
#include "planes/serve/generation.h"

namespace weir::serve {

// The first pause is the longest of the plugin's own retry policy; it doubles up to a minute.
// Thread: the updater's.
class Healing {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `supply` outlives it. `wake` is called, from any thread, when has_come() has become true.
  Healing(const planes::CodeSupply& supply, std::function<void()> wake)
      : supply_(supply), wake_(std::move(wake)) {}

  // `running` serves from now on. Its places may be others: what was on its way for them is asked
  // for again.
  void watch(const Generation& running);

  // When poll() is to be called next, unless has_come() before; empty: all code is there.
  std::optional<Time> due() const { return codes_ ? std::nullopt : due_; }
  // What was asked for has come or has failed: poll() answers it.
  bool has_come() const { return codes_ && codes_->complete(); }

  // Asks for what is due. The answer is what has come since, of the generation last watched.
  struct Code {
    size_t place;
    std::string code;
  };
  std::vector<Code> poll(Time now);

 private:
  const planes::CodeSupply& supply_;
  const std::function<void()> wake_;
  struct Absent {
    size_t place;
    config::PluginSettings settings;
  };
  std::vector<Absent> absent_;
  std::optional<planes::CodeGathering> codes_;  // on their way, in the order of absent_
  std::optional<Time> due_;
  Milliseconds pause_{0};
};

}  // namespace weir::serve

#pragma once
// Measures calls into a guest, and counts those out of it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "abi/observed_engine.h"
#include "base/clock.h"

namespace weir::scenario {

// Thread: the one that runs the plugin.
class BenchObserver final : public abi::CallObserver {
 public:
  // Nothing is kept before begin() nor after pause().
  void begin() { running_ = true; }
  void pause() { running_ = false; }

  // What each call of a callback took, in nanoseconds, hostcalls included.
  const std::map<std::string, std::vector<uint64_t>, std::less<>>& times() const { return times_; }
  // How often each hostcall was made.
  const std::map<std::string, uint64_t, std::less<>>& hostcalls() const { return hostcalls_; }
  // The most memory that a guest has had after a call, in bytes, since the observer was made.
  uint64_t memory_bytes() const { return memory_bytes_; }

  // abi::CallObserver
  void on_enter(std::string_view function, Signature signature, engine::Slots params) override;
  void on_leave(std::string_view function, Signature signature, engine::Slots results,
                engine::Flow flow, engine::Memory memory) override;
  void on_hostcall(const engine::Import& import, engine::Slots params,
                   engine::Memory memory) override;
  void on_answer(const engine::Import&, engine::Slots, engine::Flow, engine::Memory) override {}

 private:
  bool running_ = false;
  size_t depth_ = 0;
  Nanoseconds begun_{0};
  SystemClock clock_;
  std::map<std::string, std::vector<uint64_t>, std::less<>> times_;
  std::map<std::string, uint64_t, std::less<>> hostcalls_;
  uint64_t memory_bytes_ = 0;
};

}  // namespace weir::scenario

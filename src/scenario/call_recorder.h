#pragma once
// Writes down callbacks, and if wanted every call between plugin and host.

#include <array>
#include <string>
#include <vector>

#include "abi/observed_engine.h"
#include "scenario/journal.h"

namespace weir::scenario {

// Thread: the scenario's.
class CallRecorder final : public abi::CallObserver {
 public:
  // Nothing is written down before begin(): a plugin is tried out first. `trace`: takes each call
  // as a line; null: nobody wants them. It outlives the recorder.
  explicit CallRecorder(std::vector<std::string>* trace) : trace_(trace) {}

  // `journal` outlives the recorder.
  void begin(Journal& journal) { journal_ = &journal; }

  // A line between those of calls: what the scenario does.
  void note(std::string_view line);

  // abi::CallObserver
  void on_enter(std::string_view function, Signature signature, engine::Slots params) override;
  void on_leave(std::string_view function, Signature signature, engine::Slots results,
                engine::Flow flow, engine::Memory memory) override;
  void on_hostcall(const engine::Import& import, engine::Slots params,
                   engine::Memory memory) override;
  void on_answer(const engine::Import& import, engine::Slots results, engine::Flow flow,
                 engine::Memory memory) override;

 private:
  bool traces() const { return trace_ != nullptr && journal_ != nullptr; }
  void add(std::string_view line);

  std::vector<std::string>* trace_;
  Journal* journal_ = nullptr;
  size_t depth_ = 0;
  // Of the hostcall that runs: what it was called with, and its line, which the answer completes.
  std::array<uint64_t, engine::kMaxSlots> params_{};
  std::string call_;
};

}  // namespace weir::scenario

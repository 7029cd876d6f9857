#include "scenario/call_recorder.h"

#include <algorithm>

#include "abi/call_text.h"

namespace weir::scenario {

void CallRecorder::note(std::string_view line) {
  if (traces()) trace_->push_back("== " + std::string(line));
}

void CallRecorder::add(std::string_view line) {
  trace_->push_back(std::string(2 * depth_, ' ').append(line));
}

// The module's allocator, which the host calls within a hostcall, is left out.
void CallRecorder::on_enter(std::string_view function, Signature signature, engine::Slots params) {
  if (journal_ == nullptr) return;
  if (abi::is_callback(function)) journal_->add_callback(function);
  if (depth_ == 0 && traces()) {
    add(function.empty() ? "-> start" : "-> " + abi::callback_text(function, signature, params));
  }
  ++depth_;
}

void CallRecorder::on_leave(std::string_view function, Signature signature, engine::Slots results,
                            engine::Flow flow, engine::Memory) {
  if (journal_ == nullptr) return;
  --depth_;
  if (depth_ != 0 || !traces()) return;
  if (flow == engine::Flow::Trap) return add("<- trap");
  const std::string answer = abi::callback_answer_text(function, signature, results);
  add(answer.empty() ? "<-" : "<- " + answer);
}

void CallRecorder::on_hostcall(const engine::Import& import, engine::Slots params,
                               engine::Memory memory) {
  if (!traces()) return;
  std::ranges::copy(params, params_.begin());
  call_ = abi::hostcall_text(import, params, memory);
}

void CallRecorder::on_answer(const engine::Import& import, engine::Slots results, engine::Flow flow,
                             engine::Memory memory) {
  if (!traces()) return;
  const std::string answer =
      flow == engine::Flow::Trap ? "trap" : abi::answer_text(import, params_, results, memory);
  add(answer.empty() ? call_ : call_ + " = " + answer);
}

}  // namespace weir::scenario

#include "scenario/bench_observer.h"

#include <algorithm>

#include "abi/call_text.h"

namespace weir::scenario {

void BenchObserver::on_enter(std::string_view, Signature, engine::Slots) {
  if (depth_++ == 0) begun_ = clock_.monotonic();
}

void BenchObserver::on_leave(std::string_view function, Signature, engine::Slots, engine::Flow,
                             engine::Memory memory) {
  if (--depth_ != 0) return;
  const Nanoseconds took = clock_.monotonic() - begun_;
  // That of native code is the whole address space.
  if (memory.word_bytes() == 4) memory_bytes_ = std::max(memory_bytes_, memory.size());
  if (!running_ || !abi::is_callback(function)) return;
  auto found = times_.find(function);
  if (found == times_.end()) {
    found = times_.emplace(std::string(function), std::vector<uint64_t>()).first;
  }
  found->second.push_back(static_cast<uint64_t>(took.count()));
}

void BenchObserver::on_hostcall(const engine::Import& import, engine::Slots, engine::Memory) {
  if (!running_) return;
  auto found = hostcalls_.find(import.name);
  if (found == hostcalls_.end()) found = hostcalls_.emplace(std::string(import.name), 0).first;
  ++found->second;
}

}  // namespace weir::scenario

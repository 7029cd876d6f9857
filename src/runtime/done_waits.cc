#include "runtime/done_waits.h"

#include "runtime/stream_context.h"

namespace weir::runtime {

std::optional<DoneWaits::Place> DoneWaits::add(StreamContext& stream) {
  if (waits_.size() >= kMostStreams) return std::nullopt;
  waits_.push_back({&stream, clock_.monotonic() + kLongest});
  if (!timer_) {
    timer_ = services_.make_timer([this] { end_overdue(); });
    timer_->start(kLongest);
  }
  return std::prev(waits_.end());
}

void DoneWaits::end_overdue() {
  const Nanoseconds now = clock_.monotonic();
  // Each removes itself; where one makes the instance fail, all do.
  while (!waits_.empty() && waits_.front().until <= now) waits_.front().stream->give_up_waiting();
  if (waits_.empty()) {
    timer_.reset();
    return;
  }
  const auto left = std::chrono::duration_cast<Milliseconds>(waits_.front().until - now);
  timer_->start(left + Milliseconds(1));
}

}  // namespace weir::runtime

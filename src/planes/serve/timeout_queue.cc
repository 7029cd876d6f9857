#include "planes/serve/timeout_queue.h"

#include <algorithm>

namespace weir::serve {
namespace {

constexpr Milliseconds kShortestTick{2};

// How late a time-out of that length may come.
Milliseconds tick_for(Milliseconds delay) {
  return std::clamp(delay / 16, kShortestTick, TimeoutQueue::kTick);
}

}  // namespace

TimeoutQueue::TimeoutQueue(const Clock& clock, runtime::WorkerServices& services)
    : clock_(clock), timer_(services.make_timer([this] { tick(); })) {}

void TimeoutQueue::start(Entry& entry, Milliseconds delay) {
  entry.unlink();
  const Milliseconds interval = tick_for(delay);
  if (interval_ == Milliseconds::zero() || interval < kTick) now_ = clock_.monotonic();
  if (interval_ == Milliseconds::zero() || interval < interval_) tick_in(interval);
  // now_ may be a long tick old.
  entry.deadline_ = now_ + (interval < kTick ? std::max(delay, kShortestTick) : delay + kTick);
  by_delay_[delay].push_back(entry);
}

void TimeoutQueue::tick_in(Milliseconds interval) {
  interval_ = interval;
  timer_->start(interval);
}

void TimeoutQueue::tick() {
  const Nanoseconds due = now_ = clock_.monotonic();
  for (auto& [delay, list] : by_delay_) {
    while (!list.empty() && list.front().deadline_ <= due) {
      Entry& entry = list.front();
      entry.unlink();
      entry.on_timeout();
    }
  }
  // Only now: what has passed may have started others. The shortest delay comes first.
  const auto first =
      std::ranges::find_if(by_delay_, [](const auto& entry) { return !entry.second.empty(); });
  interval_ = Milliseconds::zero();
  if (first != by_delay_.end()) tick_in(tick_for(first->first));
}

}  // namespace weir::serve

#include "planes/serve/timeout_queue.h"

#include <algorithm>

namespace weir::serve {

TimeoutQueue::TimeoutQueue(const Clock& clock, runtime::WorkerServices& services)
    : clock_(clock), timer_(services.make_timer([this] { tick(); })) {}

void TimeoutQueue::start(Entry& entry, Milliseconds delay) {
  entry.unlink();
  if (!ticking_) {
    ticking_ = true;
    now_ = clock_.monotonic();
    timer_->start(kTick);
  }
  // now_ may be a tick old.
  entry.deadline_ = now_ + delay + kTick;
  by_delay_[delay].push_back(entry);
}

void TimeoutQueue::tick() {
  now_ = clock_.monotonic();
  for (auto& [delay, list] : by_delay_) {
    while (!list.empty() && list.front().deadline_ <= now_) {
      Entry& entry = list.front();
      entry.unlink();
      entry.on_timeout();
    }
  }
  // Only now: what has passed may have started others.
  ticking_ =
      std::ranges::any_of(by_delay_, [](const auto& entry) { return !entry.second.empty(); });
  if (ticking_) timer_->start(kTick);
}

}  // namespace weir::serve

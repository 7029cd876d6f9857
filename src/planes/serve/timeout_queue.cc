#include "planes/serve/timeout_queue.h"

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
  bool waiting = false;
  for (auto& [delay, list] : by_delay_) {
    while (!list.empty() && list.front().deadline_ <= now_) {
      Entry& entry = list.front();
      entry.unlink();
      entry.on_timeout();
    }
    waiting |= !list.empty();
  }
  ticking_ = waiting;
  if (waiting) timer_->start(kTick);
}

}  // namespace weir::serve

#include "planes/serve/idle_limit.h"

#include <algorithm>

namespace weir::serve {

void IdleLimit::start(Milliseconds limit) {
  limit_ = limit;
  if (limit == Milliseconds::zero()) return stop();
  queue_.start(*this, limit);
  note_activity();
}

void IdleLimit::on_timeout() {
  const Nanoseconds left = last_ + limit_ - queue_.coarse_now();
  if (left <= Nanoseconds::zero()) return on_idle();
  // In few lengths, of each of which the queue keeps a list.
  const Milliseconds step = std::max(limit_ / 8, TimeoutQueue::kTick);
  queue_.start(*this, step * (left / step + 1));
}

}  // namespace weir::serve

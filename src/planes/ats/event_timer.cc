#include "planes/ats/event_timer.h"

#include <algorithm>
#include <utility>

namespace weir::ats_plane {

EventTimer::EventTimer(std::function<void()> on_expiry)
    : continuation_(TSContCreate(&EventTimer::on_event, TSMutexCreate())),
      on_expiry_(std::move(on_expiry)) {
  TSContDataSet(continuation_, this);
}

EventTimer::~EventTimer() {
  cancel();
  TSContDataSet(continuation_, nullptr);
  TSContDestroy(continuation_);
}

void EventTimer::start(Milliseconds delay) {
  cancel();
  // Zero would be as soon as the thread comes to it, which is allowed, but a plugin whose tick
  // starts the next one would take the thread for itself.
  const TSHRTime milliseconds = std::max<TSHRTime>(delay.count(), 1);
  pending_ = TSContScheduleOnThread(continuation_, milliseconds, thread_);
}

void EventTimer::cancel() {
  if (pending_ != nullptr) TSActionCancel(std::exchange(pending_, nullptr));
}

int EventTimer::on_event(TSCont continuation, TSEvent, void*) {
  auto* timer = static_cast<EventTimer*>(TSContDataGet(continuation));
  if (timer == nullptr) return 0;
  timer->pending_ = nullptr;
  // It may destroy the timer, and so the function that runs.
  const std::function<void()> on_expiry = timer->on_expiry_;
  on_expiry();
  return 0;
}

}  // namespace weir::ats_plane

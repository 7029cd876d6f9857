#pragma once
// A time-out that starts over whenever something happens, at the price of a store.

#include "planes/serve/timeout_queue.h"

namespace weir::serve {

// Passes when nothing was noted for `limit`, up to an eighth of it late. Thread: its worker's.
class IdleLimit : private TimeoutQueue::Entry {
 public:
  explicit IdleLimit(TimeoutQueue& queue) : queue_(queue) {}

  // From now on, and forgets what was before. Zero: never passes.
  void start(Milliseconds limit);
  void stop() { Entry::stop(); }

  void note_activity() { last_ = queue_.coarse_now(); }

 protected:
  ~IdleLimit() = default;
  virtual void on_idle() = 0;

 private:
  void on_timeout() final;

  TimeoutQueue& queue_;
  Milliseconds limit_{};
  Nanoseconds last_{};
};

}  // namespace weir::serve

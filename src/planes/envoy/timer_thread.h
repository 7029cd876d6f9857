#pragma once
// Timers for threads whose loops are not ours: a thread of our own waits, and says when.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace weir::envoy_plane {

// One per process. Thread: any.
class TimerThread {
 public:
  explicit TimerThread(const Clock& clock);
  ~TimerThread();

  using Ticket = uint64_t;

  // Calls `on_due` once, on the thread of this object, after `delay`. It must not block.
  Ticket add(Milliseconds delay, std::function<void()> on_due);

  // Afterwards `on_due` is not called, unless it is being called already.
  void remove(Ticket ticket);

 private:
  void run(const std::stop_token& stop);

  // Earlier first; a ticket is found by both its time and its number.
  using Key = std::pair<Nanoseconds, Ticket>;

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, std::function<void()>> waiting_;
  std::map<Ticket, Nanoseconds> times_;
  Ticket last_ = 0;
  std::jthread thread_;  // Last: it uses the rest.
};

}  // namespace weir::envoy_plane

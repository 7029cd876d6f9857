#pragma once
// What a plane gives to each worker: its thread's event loop, seen from the runtime.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/upstream.h"

namespace weir::runtime {

// Its callback may destroy it. Thread: its worker's.
class Timer {
 public:
  virtual ~Timer() = default;

  // Calls back once, after `delay`; an earlier start() is forgotten.
  virtual void start(Milliseconds delay) = 0;
  virtual void stop() = 0;
};

// One per worker thread; outlives the Worker made with it.
class WorkerServices {
 public:
  virtual ~WorkerServices() = default;

  // Thread: the worker's.
  virtual Upstreams& upstreams() = 0;

  // Never calls back from inside start(). Thread: the worker's.
  virtual std::unique_ptr<Timer> make_timer(std::function<void()> on_expiry) = 0;

  // Looks the host's addresses up ("192.0.2.1:0", "[2001:db8::1]:0") and calls back once, never
  // from inside this call; with none where there are none. False: this plane has no resolver.
  // Thread: the worker's.  NOLINTNEXTLINE(performance-unnecessary-value-param)
  virtual bool resolve(std::string host,  // NOLINTNEXTLINE(performance-unnecessary-value-param)
                       std::function<void(std::vector<std::string> addresses)> on_resolved) {
    static_cast<void>(host);
    static_cast<void>(on_resolved);
    return false;
  }

  // Runs `task` on the worker's thread, soon, and never from inside this call; not at all once the
  // worker's loop has ended. Thread: any.
  virtual void post(std::function<void()> task) = 0;

  // Other threads are going to post: a plane for which it is dear to be woken gets ready for it.
  // Thread: the worker's.
  virtual void expect_posts() {}
};

}  // namespace weir::runtime

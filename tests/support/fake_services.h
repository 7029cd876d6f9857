#pragma once
// A worker's event loop that a test turns by hand.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/function_ref.h"
#include "runtime/worker_services.h"
#include "support/fake_upstreams.h"

namespace weir::test {

// Thread: its worker's, save post().
class FakeServices final : public runtime::WorkerServices {
 public:
  explicit FakeServices(ManualClock& clock) : clock_(clock) {}

  // Runs tasks until none is left.
  void run();

  // Runs tasks, those of other threads too, until `done` holds. False: it did not within ten
  // minutes.
  bool run_until(FunctionRef<bool()> done);

  // Moves the clock, runs the timers that come due on the way in their order, and all tasks.
  void advance(Milliseconds by);

  size_t armed_timers() const { return timers_.size(); }

  // Host names that were looked up and not answered.
  struct Lookup {
    std::string host;
    std::function<void(std::vector<std::string> addresses)> answer;
  };
  std::vector<Lookup> take_lookups() { return std::exchange(lookups_, {}); }

  // runtime::WorkerServices
  FakeUpstreams& upstreams() override { return upstreams_; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  bool resolve(std::string host,
               std::function<void(std::vector<std::string> addresses)> on_resolved) override {
    lookups_.push_back({std::move(host), std::move(on_resolved)});
    return true;
  }
  void post(std::function<void()> task) override;

 private:
  class FakeTimer;
  struct Armed {
    Nanoseconds due;
    FakeTimer* timer;
  };

  // Null: there is none.
  std::function<void()> take_task();
  void disarm(const FakeTimer& timer);

  ManualClock& clock_;
  FakeUpstreams upstreams_;
  std::vector<Armed> timers_;
  std::vector<Lookup> lookups_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace weir::test

#include "scenario/manual_loop.h"

#include <optional>

namespace weir::scenario {

class ManualLoop::ManualTimer final : public runtime::Timer {
 public:
  ManualTimer(ManualLoop& loop, std::function<void()> on_expiry)
      : loop_(loop), on_expiry_(std::make_shared<std::function<void()>>(std::move(on_expiry))) {}
  ~ManualTimer() override { stop(); }

  void start(Milliseconds delay) override {
    stop();
    due_ = Due(loop_.clock_.monotonic() + delay, ++loop_.started_);
    loop_.timers_.emplace(*due_, this);
  }
  void stop() override {
    if (due_) loop_.timers_.erase(*due_);
    due_.reset();
  }

  // The callback may destroy the timer.
  void expire() {
    stop();
    const auto running = on_expiry_;
    (*running)();
  }

 private:
  ManualLoop& loop_;
  std::optional<Due> due_;
  std::shared_ptr<std::function<void()>> on_expiry_;
};

std::unique_ptr<runtime::Timer> ManualLoop::make_timer(std::function<void()> on_expiry) {
  return std::make_unique<ManualTimer>(*this, std::move(on_expiry));
}

bool ManualLoop::resolve(std::string host,
                         std::function<void(std::vector<std::string> addresses)> on_resolved) {
  const auto found = hosts_.find(host);
  post([addresses = found == hosts_.end() ? std::vector<std::string>() : found->second,
        answer = std::move(on_resolved)] { answer(addresses); });
  return true;
}

void ManualLoop::run_tasks() {
  while (true) {
    std::function<void()> task;
    {
      auto tasks = tasks_.lock();
      if (tasks->empty()) return;
      task = std::move(tasks->front());
      tasks->pop_front();
    }
    task();
  }
}

bool ManualLoop::run_timer(Nanoseconds by) {
  if (timers_.empty() || timers_.begin()->first.first > by) return false;
  const auto [due, timer] = *timers_.begin();
  if (due.first > clock_.monotonic()) clock_.advance(due.first - clock_.monotonic());
  timer->expire();
  return true;
}

void ManualLoop::run() {
  const Nanoseconds now = clock_.monotonic();
  do {
    run_tasks();
  } while (run_timer(now));
}

void ManualLoop::advance(Milliseconds by) {
  const Nanoseconds target = clock_.monotonic() + by;
  do {
    run_tasks();
  } while (run_timer(target));
  clock_.advance(target - clock_.monotonic());
}

bool ManualLoop::advance_until(Milliseconds limit, FunctionRef<bool()> done) {
  const Nanoseconds target = clock_.monotonic() + limit;
  do {
    run_tasks();
    if (done()) return true;
  } while (run_timer(target));
  clock_.advance(target - clock_.monotonic());
  return false;
}

}  // namespace weir::scenario

#include "support/fake_services.h"

#include <algorithm>

namespace weir::test {

class FakeServices::FakeTimer final : public runtime::Timer {
 public:
  FakeTimer(FakeServices& services, std::function<void()> on_expiry)
      : services_(services),
        on_expiry_(std::make_shared<std::function<void()>>(std::move(on_expiry))) {}
  ~FakeTimer() override { services_.disarm(*this); }

  void start(Milliseconds delay) override {
    services_.disarm(*this);
    services_.timers_.push_back({services_.clock_.monotonic() + delay, this});
  }
  void stop() override { services_.disarm(*this); }

  // The callback may destroy the timer.
  void expire() {
    const auto running = on_expiry_;
    (*running)();
  }

 private:
  FakeServices& services_;
  std::shared_ptr<std::function<void()>> on_expiry_;
};

std::unique_ptr<runtime::Timer> FakeServices::make_timer(std::function<void()> on_expiry) {
  return std::make_unique<FakeTimer>(*this, std::move(on_expiry));
}

void FakeServices::disarm(const FakeTimer& timer) {
  std::erase_if(timers_, [&](const Armed& armed) { return armed.timer == &timer; });
}

void FakeServices::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.notify_one();
}

std::function<void()> FakeServices::take_task() {
  std::lock_guard lock(mutex_);
  if (tasks_.empty()) return nullptr;
  auto task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

void FakeServices::run() {
  while (auto task = take_task()) task();
}

bool FakeServices::run_until(FunctionRef<bool()> done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(10);
  while (true) {
    run();
    if (done()) return true;
    std::unique_lock lock(mutex_);
    // What `done` looks at may change without a task.
    posted_.wait_for(lock, Milliseconds(1), [&] { return !tasks_.empty(); });
    if (std::chrono::steady_clock::now() > give_up) return false;
  }
}

void FakeServices::advance(Milliseconds by) {
  const Nanoseconds target = clock_.monotonic() + by;
  while (true) {
    run();
    const auto next = std::ranges::min_element(timers_, {}, &Armed::due);
    if (next == timers_.end() || next->due > target) break;
    FakeTimer& timer = *next->timer;
    if (next->due > clock_.monotonic()) clock_.advance(next->due - clock_.monotonic());
    timers_.erase(next);
    timer.expire();
  }
  clock_.advance(target - clock_.monotonic());
}

}  // namespace weir::test

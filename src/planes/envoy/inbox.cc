#include "planes/envoy/inbox.h"

#include <utility>

#include "planes/envoy/worker_stream.h"

namespace weir::envoy_plane {

Inbox::Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}

Inbox::~Inbox() { extinguish(); }

void Inbox::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(std::move(task));
    has_work_.store(true, std::memory_order_release);
    // The worker looks here itself when what it does now is done.
    if (std::this_thread::get_id() == owner_) return;
    if (waker_ != nullptr) return wake_worker();
  }
  wake_();
}

void Inbox::close() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    has_work_.store(false, std::memory_order_release);
    tasks.swap(tasks_);
  }
  extinguish();
}

void Inbox::work() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    has_work_.store(false, std::memory_order_release);
  }
  for (auto& task : tasks) task();
}

void Inbox::wake_again() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || tasks_.empty()) return;
    if (waker_ != nullptr) return wake_worker();
  }
  wake_();
}

void Inbox::light(WorkerStream& stream) {
  auto waker = stream.make_waker();
  const std::lock_guard lock(mutex_);
  beacon_ = &stream;
  waker_ = std::move(waker);
  woken_ = false;
  if (!tasks_.empty()) wake_worker();
}

void Inbox::extinguish() {
  const std::lock_guard lock(mutex_);
  beacon_ = nullptr;
  waker_.reset();
}

void Inbox::on_woken() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
}

void Inbox::wake_worker() {
  if (!std::exchange(woken_, true)) waker_->wake();
}

}  // namespace weir::envoy_plane

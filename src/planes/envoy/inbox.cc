#include "planes/envoy/inbox.h"

#include <utility>

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
    if (scheduler_ != nullptr) return wake_worker();
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
    if (scheduler_ != nullptr) return wake_worker();
  }
  wake_();
}

void Inbox::light(EnvoyHttpFilter* filter) {
  EnvoyHttpScheduler* scheduler = envoy_dynamic_module_callback_http_filter_scheduler_new(filter);
  const std::lock_guard lock(mutex_);
  beacon_ = filter;
  scheduler_ = scheduler;
  woken_ = false;
  if (!tasks_.empty()) wake_worker();
}

void Inbox::extinguish() {
  const std::lock_guard lock(mutex_);
  beacon_ = nullptr;
  if (scheduler_ == nullptr) return;
  envoy_dynamic_module_callback_http_filter_scheduler_delete(std::exchange(scheduler_, nullptr));
}

void Inbox::on_woken() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
}

void Inbox::wake_worker() {
  if (std::exchange(woken_, true)) return;
  envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler_, 0);
}

}  // namespace weir::envoy_plane

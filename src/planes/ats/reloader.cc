#include "planes/ats/reloader.h"

#include <utility>

namespace weir::ats_plane {

void Reloader::ask() {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    asked_ = true;
    under_way_.request_stop();
    if (!thread_.joinable()) {
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
  }
  asked_for_.notify_all();
}

void Reloader::end() {
  std::jthread thread;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    under_way_.request_stop();
    thread = std::move(thread_);
  }
  // Destroyed here: asked to stop, and waited for.
}

void Reloader::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (asked_for_.wait(lock, stop, [this] { return asked_; }) && !ending_) {
    asked_ = false;
    under_way_ = std::stop_source();
    const std::stop_token newer = under_way_.get_token();
    lock.unlock();
    reload_(newer);
    lock.lock();
  }
}

}  // namespace weir::ats_plane

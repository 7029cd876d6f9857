#include "planes/ats/reloader.h"

namespace weir::ats_plane {

void Reloader::ask() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  under_way_.request_stop();
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  if (running_) return;
  running_ = true;
  while (asked_ && !ending_) {
    asked_ = false;
    under_way_ = std::stop_source();
    const std::stop_token newer = under_way_.get_token();
    lock.unlock();
    reload_(newer);
    lock.lock();
  }
  running_ = false;
  settled_.notify_all();
}

void Reloader::end() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  under_way_.request_stop();
  settled_.wait(lock, [this] { return !running_; });
}

}  // namespace weir::ats_plane

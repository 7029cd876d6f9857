#include "planes/envoy/timer_thread.h"

namespace weir::envoy_plane {

TimerThread::TimerThread(const Clock& clock)
    : clock_(clock), thread_([this](const std::stop_token& stop) { run(stop); }) {}

TimerThread::~TimerThread() {
  thread_.request_stop();
  changed_.notify_all();
}

TimerThread::Ticket TimerThread::add(Milliseconds delay, std::function<void()> on_due) {
  const Nanoseconds at = clock_.monotonic() + delay;
  bool first;
  Ticket ticket;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++last_;
    times_.emplace(ticket, at);
    auto added = waiting_.emplace(Key(at, ticket), std::move(on_due)).first;
    first = added == waiting_.begin();
  }
  if (first) changed_.notify_all();
  return ticket;
}

void TimerThread::remove(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  auto found = times_.find(ticket);
  if (found == times_.end()) return;
  waiting_.erase(Key(found->second, ticket));
  times_.erase(found);
}

void TimerThread::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (waiting_.empty()) {
      changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
      continue;
    }
    const auto first = waiting_.begin();
    const Nanoseconds left = first->first.first - clock_.monotonic();
    if (left > Nanoseconds(0)) {
      const Ticket awaited = first->first.second;
      changed_.wait_for(lock, stop, left, [&] {
        return waiting_.empty() || waiting_.begin()->first.second != awaited;
      });
      continue;
    }
    const std::function<void()> on_due = std::move(first->second);
    times_.erase(first->first.second);
    waiting_.erase(first);
    lock.unlock();
    on_due();
    lock.lock();
  }
}

}  // namespace weir::envoy_plane

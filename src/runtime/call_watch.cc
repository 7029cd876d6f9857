#include "runtime/call_watch.h"

#include <algorithm>
#include <ctime>

namespace weir::runtime {

CallWatch::CallWatch() : thread_([this] { run(); }) {}

CallWatch::~CallWatch() {
  {
    std::lock_guard lock(mutex_);
    WEIR_CHECK(threads_.empty());
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

CallWatch::Thread::Thread(CallWatch& watch) : watch_(watch) {
  WEIR_CHECK(pthread_getcpuclockid(pthread_self(), &cpu_clock_) == 0);
  {
    std::lock_guard lock(watch_.mutex_);
    watch_.threads_.push_back(this);
  }
  watch_.changed_.notify_one();
}

CallWatch::Thread::~Thread() {
  std::lock_guard lock(watch_.mutex_);
  watch_.threads_.remove(this);
}

Nanoseconds CallWatch::Thread::cpu_time() const {
  timespec time{};
  clock_gettime(cpu_clock_, &time);
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

void CallWatch::run() {
  pthread_setname_np(pthread_self(), "weir-watch");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (threads_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Nanoseconds next = kTick;
    for (Thread* thread : threads_) next = std::min(next, look_at(*thread));
    // With this lock held no worker can come or go; without it, sleep.
    changed_.wait_for(lock, next);
  }
}

Nanoseconds CallWatch::look_at(Thread& thread) {
  const uint64_t call = thread.call_.load(std::memory_order_acquire);
  if (call == 0) return kTick;
  if (call != thread.seen_call_) {
    thread.seen_call_ = call;
    thread.seen_at_ = thread.cpu_time();
    return kTick;
  }
  const Nanoseconds limit = Milliseconds(thread.limit_.load(std::memory_order_relaxed));
  const Nanoseconds used = thread.cpu_time() - thread.seen_at_;
  const bool ended = thread.ended_.load(std::memory_order_relaxed);
  if (used < limit && !ended)
    return std::max<Nanoseconds>(limit - used, std::chrono::microseconds(100));

  // The guest lives while the call goes on, and while this lock is held.
  std::lock_guard interrupting(thread.interrupting_);
  const abi::Guest* guest = thread.guest_.load(std::memory_order_acquire);
  if (thread.call_.load(std::memory_order_acquire) != call) return kTick;
  // What cannot be interrupted, native plugins, has no deadline.
  if (!guest->module().engine().capabilities().native_code) {
    thread.interrupted_.store(call, std::memory_order_release);
  }
  guest->interrupt();
  return kTick;
}

}  // namespace weir::runtime

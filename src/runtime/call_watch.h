#pragma once
// Deadlines of calls into guests, in CPU time of the calling thread.

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "abi/guest.h"
#include "base/clock.h"

namespace weir::runtime {

// One thread looks at all workers every few milliseconds and interrupts the guest whose outermost
// call has used up its time. Entering and leaving a call costs a worker three plain stores and a
// load: no system call, no timer. A call is stopped at its deadline plus at most kTick; the time
// counts from the first look that finds it running. Thread: any.
class CallWatch {
 public:
  static constexpr Milliseconds kTick{4};

  CallWatch();
  ~CallWatch();

  // What the watch knows of one thread. Made, used and destroyed by that thread.
  class Thread {
   public:
    explicit Thread(CallWatch& watch);
    ~Thread();

    // An outermost call into `guest` begins.
    void enter(const abi::Guest& guest, Milliseconds limit) {
      guest_.store(&guest, std::memory_order_release);
      limit_.store(limit.count(), std::memory_order_relaxed);
      call_.store(++last_call_, std::memory_order_release);
    }
    // It ends. False: it has used up its time, and the guest is interrupted, even where the call
    // has returned before the guest came to look. (A watch that decides in the nanoseconds between
    // these two lines is not seen: its interrupt meets the guest's next call.)
    bool leave() {
      call_.store(0, std::memory_order_release);
      return interrupted_.load(std::memory_order_acquire) != last_call_;
    }

    // Calls are interrupted from now on, whatever their limits. Thread: any.
    void end() { ended_.store(true, std::memory_order_relaxed); }

    // To be held while a guest that was entered here is destroyed.
    std::unique_lock<std::mutex> hold() { return std::unique_lock(interrupting_); }

   private:
    friend class CallWatch;

    Nanoseconds cpu_time() const;

    CallWatch& watch_;
    clockid_t cpu_clock_{};
    uint64_t last_call_ = 0;
    std::atomic<uint64_t> call_ =
        0;  // 0: none; else a number that no other call of this thread has
    std::atomic<const abi::Guest*> guest_ = nullptr;
    std::atomic<int64_t> limit_ = 0;
    std::atomic<bool> ended_ = false;
    std::atomic<uint64_t> interrupted_ = 0;  // the last call whose guest was
    std::mutex interrupting_;

    // The watch's own: which call it saw last, and the thread's CPU time then.
    uint64_t seen_call_ = 0;
    Nanoseconds seen_at_{};
  };

 private:
  void run();
  // The time until the worker must be looked at again.
  static Nanoseconds look_at(Thread& thread);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Thread*> threads_;
  bool stopping_ = false;
  std::thread thread_;
};

// Makes an outermost call. False: it has used up its time, whatever it came to.
template <typename Call>
bool watched(CallWatch::Thread& thread, const abi::Guest& guest, Milliseconds limit, Call&& call) {
  thread.enter(guest, limit);
  call();
  return thread.leave();
}

}  // namespace weir::runtime

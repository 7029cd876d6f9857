#pragma once
// Work for an Envoy thread from elsewhere, and the means to wake that thread.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "planes/envoy/waker.h"

namespace weir::envoy_plane {

class WorkerStream;

// Envoy offers no way to wake a worker but through a stream that is alive there. So a worker names
// one, the beacon; while it has none, `wake` is called, which may know another way or not. Work
// that nobody could announce is done at the worker's next event.
// Shared by its worker and by whoever may post.
class Inbox {
 public:
  // `wake` may be called on any thread. Thread: the worker's.
  explicit Inbox(std::function<void()> wake);
  ~Inbox();

  // Thread: any. After close() nothing happens.
  void post(std::function<void()> task);
  void close();

  // Whether there is work. Thread: any.
  bool has_work() const { return has_work_.load(std::memory_order_acquire); }

  // Does what is there, not what is posted meanwhile. Thread: the worker's.
  void work();

  // Wakes the worker for what is left. Thread: the worker's.
  void wake_again();

  // Names the stream by which the worker can be woken, until extinguish(). Thread: the worker's.
  void light(WorkerStream& stream);
  void extinguish();
  const WorkerStream* beacon() const { return beacon_; }

  // The beacon's event has come. Thread: the worker's.
  void on_woken();

 private:
  // With mutex_ held.
  void wake_worker();

  const std::function<void()> wake_;
  const std::thread::id owner_ = std::this_thread::get_id();
  const WorkerStream* beacon_ = nullptr;  // the worker's own
  std::atomic<bool> has_work_ = false;

  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::unique_ptr<Waker> waker_;  // through the beacon
  bool woken_ = false;            // and the event has not come yet
  bool closed_ = false;
};

}  // namespace weir::envoy_plane

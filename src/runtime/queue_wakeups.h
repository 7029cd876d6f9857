#pragma once
// Brings the news that a shared queue has something to the thread of the root that receives it.

#include <functional>
#include <map>
#include <memory>

#include "base/guarded.h"
#include "runtime/shared_queues.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

// One call for each item. However many are due, only one task waits in the worker's loop: guests
// that enqueue in their on_queue_ready cannot fill it, and other work has its turn in between.
// Owned by the root, and for a moment by whoever notifies.
class QueueWakeups final : public QueueReceiver, public std::enable_shared_from_this<QueueWakeups> {
 public:
  // `on_ready` is called with the queue's id, on the worker's thread.
  QueueWakeups(WorkerServices& services, std::function<void(uint32_t)> on_ready);

  // Nothing is called, and `services` is not touched, from now on. Thread: the worker's.
  void stop();

  // QueueReceiver
  void notify(uint32_t queue_id) override;

 private:
  struct State {
    WorkerServices* services;  // null after stop()
    std::map<uint32_t, uint64_t> due;
    bool posted = false;
  };

  void post(State& state);
  void deliver();

  std::function<void(uint32_t)> on_ready_;
  uint32_t last_id_ = 0;  // the worker's own: queues take turns
  Guarded<State> state_;
};

}  // namespace weir::runtime

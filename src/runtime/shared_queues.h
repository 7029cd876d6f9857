#pragma once
// Queues between VMs of any worker (ABI 0.2.1, "Shared Queues").

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "abi/types.h"
#include "base/guarded.h"

namespace weir::runtime {

// Who is told that a queue has something.
class QueueReceiver {
 public:
  virtual ~QueueReceiver() = default;

  // Returns at once. Thread: any.
  virtual void notify(uint32_t queue_id) = 0;
};

// The queues of a process, by vm_id and name. An id is never 0 and stays with its queue.
// Thread: any.
class SharedQueues {
 public:
  static constexpr size_t kMaxQueues = 1000;  // of one vm_id
  static constexpr size_t kMaxNameBytes = 4096;
  // What an item counts besides its bytes.
  static constexpr uint64_t kItemBytes = 64;

  // Opens the queue, or makes it. `max_bytes` bounds what all queues of its vm_id hold together, as
  // the first of them was made with. The receiver, unless null, takes the place of the former one;
  // what the queue holds stays. BAD_ARGUMENT: the name is too long. INTERNAL_FAILURE: there are too
  // many queues of that vm_id.
  abi::Status open(std::string_view vm_id, std::string_view name,
                   const std::shared_ptr<QueueReceiver>& receiver, uint64_t max_bytes,
                   uint32_t& queue_id);

  // NOT_FOUND: nobody has opened it.
  abi::Status resolve(std::string_view vm_id, std::string_view name, uint32_t& queue_id) const;

  // Tells the receiver. NOT_FOUND, too, where the queue is full: the one refusal
  // that SDKs take for an answer.
  abi::Status enqueue(uint32_t queue_id, std::string_view item);

  // What waits there now; it stays.
  std::vector<std::string> items(uint32_t queue_id) const;

  // EMPTY: nothing is there.
  abi::Status dequeue(uint32_t queue_id, std::string& item);

 private:
  // What the queues of one vm_id share.
  struct Owner {
    uint64_t max_bytes = 0;
    std::atomic<uint64_t> bytes = 0;
    std::map<std::string, uint32_t, std::less<>> ids;  // by name; guarded by state_
  };
  struct Queue {
    Owner* owner = nullptr;
    std::deque<std::string> items;
    std::weak_ptr<QueueReceiver> receiver;
  };
  struct State {
    std::map<std::string, std::unique_ptr<Owner>, std::less<>> owners;  // by vm_id
    std::vector<std::unique_ptr<Guarded<Queue>>> queues;                // queue_id - 1
  };

  const Guarded<Queue>* find(uint32_t queue_id) const;

  Guarded<State> state_;
};

}  // namespace weir::runtime

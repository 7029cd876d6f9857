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

// The queues of a process, by vm_id and name; outlives their groups. An id is never 0 and stays
// with its queue. Thread: any.
class SharedQueues {
 public:
  static constexpr size_t kMaxQueues = 1000;  // of one vm_id
  static constexpr size_t kMaxNameBytes = 4096;
  // What an item counts besides its bytes.
  static constexpr uint64_t kItemBytes = 64;

  // The queues of one vm_id: they are those of all who hold the group, and go with the last of
  // them: its VMs.
  class Group;
  std::shared_ptr<Group> group(std::string_view vm_id);

  // Opens the queue, or makes it. The receiver, unless null, takes the place of the former one, as
  // long as it lives; what the queue holds stays. With it comes the bound of its VM: the queue
  // takes nothing that would make all queues of the group hold more than `max_bytes`. Without a
  // receiver the bound is that of a new queue alone. BAD_ARGUMENT: the name is too long.
  // INTERNAL_FAILURE: there are too many queues of that vm_id.
  abi::Status open(Group& group, std::string_view name,
                   const std::shared_ptr<QueueReceiver>& receiver, uint64_t max_bytes,
                   uint32_t& queue_id);

  // NOT_FOUND: nobody has opened it.
  abi::Status resolve(std::string_view vm_id, std::string_view name, uint32_t& queue_id) const;

  bool contains(uint32_t queue_id) const { return find(queue_id) != nullptr; }

  // Tells the receiver. NOT_FOUND, too, where the queue is full: the one refusal
  // that SDKs take for an answer.
  abi::Status enqueue(uint32_t queue_id, std::string_view item);

  // What waits there now; it stays.
  std::vector<std::string> items(uint32_t queue_id) const;

  // EMPTY: nothing is there.
  abi::Status dequeue(uint32_t queue_id, std::string& item);

 private:
  // Workers, and VMs of an update that may yet be rejected, take queues over from each other.
  struct Receiver {
    std::weak_ptr<QueueReceiver> who;
    uint64_t max_bytes = 0;
  };
  struct Queue {
    // The receiver that is told, if one lives.
    std::shared_ptr<QueueReceiver> newest_receiver();

    std::shared_ptr<std::atomic<uint64_t>> group_bytes;
    uint64_t max_bytes = 0;
    std::deque<std::string> items;
    std::vector<Receiver> receivers;  // the newest last
  };
  struct State {
    std::map<std::string, std::weak_ptr<Group>, std::less<>> groups;   // by vm_id
    std::map<uint32_t, std::shared_ptr<const Guarded<Queue>>> queues;  // by id
    uint32_t last_id = 0;
  };

  // Null: there is none.
  std::shared_ptr<const Guarded<Queue>> find(uint32_t queue_id) const;

  Guarded<State> state_;
};

class SharedQueues::Group {
 public:
  explicit Group(SharedQueues& queues) : queues_(queues) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

 private:
  friend class SharedQueues;

  SharedQueues& queues_;
  const std::shared_ptr<std::atomic<uint64_t>> bytes_ =
      std::make_shared<std::atomic<uint64_t>>(0);     // what all of them hold
  std::map<std::string, uint32_t, std::less<>> ids_;  // by name; guarded by state_
};

}  // namespace weir::runtime

#include "runtime/shared_queues.h"

namespace weir::runtime {

using abi::Status;

Status SharedQueues::open(std::string_view vm_id, std::string_view name,
                          const std::shared_ptr<QueueReceiver>& receiver, uint64_t max_bytes,
                          uint32_t& queue_id) {
  if (name.size() > kMaxNameBytes) return Status::BadArgument;
  auto state = state_.lock();
  auto [found, added] = state->ids.try_emplace(Name(vm_id, name), 0);
  if (added) {
    if (state->queues.size() >= kMaxQueues) {
      state->ids.erase(found);
      return Status::InternalFailure;
    }
    state->queues.push_back(std::make_unique<Guarded<Queue>>());
    state->queues.back()->lock()->max_bytes = max_bytes;
    found->second = static_cast<uint32_t>(state->queues.size());
  }
  queue_id = found->second;
  if (receiver) state->queues[queue_id - 1]->lock()->receiver = receiver;
  return Status::Ok;
}

Status SharedQueues::resolve(std::string_view vm_id, std::string_view name,
                             uint32_t& queue_id) const {
  auto state = state_.lock();
  auto found = state->ids.find(Name(vm_id, name));
  if (found == state->ids.end()) return Status::NotFound;
  queue_id = found->second;
  return Status::Ok;
}

Status SharedQueues::enqueue(uint32_t queue_id, std::string_view item) {
  const auto* queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  std::shared_ptr<QueueReceiver> receiver;
  {
    auto locked = queue->lock();
    if (locked->items.size() >= kMaxItems || item.size() > locked->max_bytes - locked->bytes) {
      return Status::NotFound;
    }
    locked->items.emplace_back(item);
    locked->bytes += item.size();
    receiver = locked->receiver.lock();
  }
  if (receiver) receiver->notify(queue_id);
  return Status::Ok;
}

Status SharedQueues::dequeue(uint32_t queue_id, std::string& item) {
  const auto* queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  auto locked = queue->lock();
  if (locked->items.empty()) return Status::Empty;
  item = std::move(locked->items.front());
  locked->items.pop_front();
  locked->bytes -= item.size();
  return Status::Ok;
}

const Guarded<SharedQueues::Queue>* SharedQueues::find(uint32_t queue_id) const {
  auto state = state_.lock();
  if (queue_id == 0 || queue_id > state->queues.size()) return nullptr;
  return state->queues[queue_id - 1].get();
}

}  // namespace weir::runtime

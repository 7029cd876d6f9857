#include "runtime/shared_queues.h"

namespace weir::runtime {

using abi::Status;

Status SharedQueues::open(std::string_view vm_id, std::string_view name,
                          const std::shared_ptr<QueueReceiver>& receiver, uint64_t max_bytes,
                          uint32_t& queue_id) {
  if (name.size() > kMaxNameBytes) return Status::BadArgument;
  auto state = state_.lock();
  auto owner = state->owners.find(vm_id);
  if (owner == state->owners.end()) {
    owner = state->owners.emplace(std::string(vm_id), std::make_unique<Owner>()).first;
    owner->second->max_bytes = max_bytes;
  }
  auto& ids = owner->second->ids;
  auto found = ids.find(name);
  if (found == ids.end()) {
    if (ids.size() >= kMaxQueues) return Status::InternalFailure;
    state->queues.push_back(std::make_unique<Guarded<Queue>>());
    state->queues.back()->lock()->owner = owner->second.get();
    found = ids.emplace(std::string(name), static_cast<uint32_t>(state->queues.size())).first;
  }
  queue_id = found->second;
  if (receiver) state->queues[queue_id - 1]->lock()->receiver = receiver;
  return Status::Ok;
}

Status SharedQueues::resolve(std::string_view vm_id, std::string_view name,
                             uint32_t& queue_id) const {
  auto state = state_.lock();
  auto owner = state->owners.find(vm_id);
  if (owner == state->owners.end()) return Status::NotFound;
  auto found = owner->second->ids.find(name);
  if (found == owner->second->ids.end()) return Status::NotFound;
  queue_id = found->second;
  return Status::Ok;
}

Status SharedQueues::enqueue(uint32_t queue_id, std::string_view item) {
  const auto* queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  std::shared_ptr<QueueReceiver> receiver;
  {
    auto locked = queue->lock();
    const uint64_t size = kItemBytes + item.size();
    Owner& owner = *locked->owner;
    if (owner.bytes.fetch_add(size) + size > owner.max_bytes) {
      owner.bytes -= size;
      return Status::NotFound;
    }
    locked->items.emplace_back(item);
    receiver = locked->receiver.lock();
  }
  if (receiver) receiver->notify(queue_id);
  return Status::Ok;
}

std::vector<std::string> SharedQueues::items(uint32_t queue_id) const {
  const auto* queue = find(queue_id);
  if (queue == nullptr) return {};
  auto locked = queue->lock();
  return {locked->items.begin(), locked->items.end()};
}

Status SharedQueues::dequeue(uint32_t queue_id, std::string& item) {
  const auto* queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  auto locked = queue->lock();
  if (locked->items.empty()) return Status::Empty;
  item = std::move(locked->items.front());
  locked->items.pop_front();
  locked->owner->bytes -= kItemBytes + item.size();
  return Status::Ok;
}

const Guarded<SharedQueues::Queue>* SharedQueues::find(uint32_t queue_id) const {
  auto state = state_.lock();
  if (queue_id == 0 || queue_id > state->queues.size()) return nullptr;
  return state->queues[queue_id - 1].get();
}

}  // namespace weir::runtime

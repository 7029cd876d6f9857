#include "runtime/shared_queues.h"

namespace weir::runtime {

using abi::Status;

SharedQueues::Group::~Group() {
  auto state = queues_.state_.lock();
  for (const auto& [name, id] : ids_) state->queues.erase(id);
}

std::shared_ptr<SharedQueues::Group> SharedQueues::group(std::string_view vm_id) {
  auto state = state_.lock();
  if (auto found = state->groups.find(vm_id); found != state->groups.end()) {
    if (auto known = found->second.lock()) return known;
  }
  std::erase_if(state->groups, [](const auto& entry) { return entry.second.expired(); });
  auto made = std::make_shared<Group>(*this);
  state->groups.emplace(std::string(vm_id), made);
  return made;
}

std::shared_ptr<QueueReceiver> SharedQueues::Queue::newest_receiver() {
  while (!receivers.empty()) {
    if (auto living = receivers.back().who.lock()) {
      max_bytes = receivers.back().max_bytes;
      return living;
    }
    receivers.pop_back();
  }
  return nullptr;
}

Status SharedQueues::open(Group& group, std::string_view name,
                          const std::shared_ptr<QueueReceiver>& receiver, uint64_t max_bytes,
                          uint32_t& queue_id) {
  if (name.size() > kMaxNameBytes) return Status::BadArgument;
  auto state = state_.lock();
  auto found = group.ids_.find(name);
  if (found == group.ids_.end()) {
    if (group.ids_.size() >= kMaxQueues) return Status::InternalFailure;
    auto queue = std::make_shared<const Guarded<Queue>>();
    queue->lock()->group_bytes = group.bytes_;
    queue->lock()->max_bytes = max_bytes;
    do {
      ++state->last_id;
    } while (state->last_id == 0 || state->queues.contains(state->last_id));
    state->queues.emplace(state->last_id, std::move(queue));
    found = group.ids_.emplace(std::string(name), state->last_id).first;
  }
  queue_id = found->second;
  if (receiver == nullptr) return Status::Ok;
  auto queue = state->queues.at(queue_id)->lock();
  std::erase_if(queue->receivers, [&](const Receiver& known) {
    return known.who.expired() || known.who.lock() == receiver;
  });
  queue->receivers.push_back({receiver, max_bytes});
  queue->max_bytes = max_bytes;
  return Status::Ok;
}

Status SharedQueues::resolve(std::string_view vm_id, std::string_view name,
                             uint32_t& queue_id) const {
  std::shared_ptr<Group> group;  // goes after the lock, which its end takes
  auto state = state_.lock();
  auto known = state->groups.find(vm_id);
  if (known == state->groups.end()) return Status::NotFound;
  group = known->second.lock();
  if (group == nullptr) return Status::NotFound;
  auto found = group->ids_.find(name);
  if (found == group->ids_.end()) return Status::NotFound;
  queue_id = found->second;
  return Status::Ok;
}

Status SharedQueues::enqueue(uint32_t queue_id, std::string_view item) {
  const auto queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  std::shared_ptr<QueueReceiver> receiver;
  {
    auto locked = queue->lock();
    receiver = locked->newest_receiver();
    const uint64_t size = kItemBytes + item.size();
    if (locked->group_bytes->fetch_add(size) + size > locked->max_bytes) {
      *locked->group_bytes -= size;
      return Status::NotFound;
    }
    locked->items.emplace_back(item);
  }
  if (receiver) receiver->notify(queue_id);
  return Status::Ok;
}

std::vector<std::string> SharedQueues::items(uint32_t queue_id) const {
  const auto queue = find(queue_id);
  if (queue == nullptr) return {};
  auto locked = queue->lock();
  return {locked->items.begin(), locked->items.end()};
}

Status SharedQueues::dequeue(uint32_t queue_id, std::string& item) {
  const auto queue = find(queue_id);
  if (queue == nullptr) return Status::NotFound;
  auto locked = queue->lock();
  if (locked->items.empty()) return Status::Empty;
  item = std::move(locked->items.front());
  locked->items.pop_front();
  *locked->group_bytes -= kItemBytes + item.size();
  return Status::Ok;
}

std::shared_ptr<const Guarded<SharedQueues::Queue>> SharedQueues::find(uint32_t queue_id) const {
  auto state = state_.lock();
  const auto found = state->queues.find(queue_id);
  return found == state->queues.end() ? nullptr : found->second;
}

}  // namespace weir::runtime

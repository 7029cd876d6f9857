#include "runtime/trial_shares.h"

#include <algorithm>

namespace weir::runtime {

using abi::Status;

TrialShares::TrialShares(SharedStore& store, const SharedQueues& queues, const CallLimits& limits)
    : store_(store), queues_(queues), limits_(limits) {}

std::optional<SharedStore::Value> TrialShares::get(std::string_view key) const {
  const auto own = values_.find(key);
  return own == values_.end() ? store_.get(key) : std::optional(own->second);
}

Status TrialShares::set(std::string_view key, std::string_view value, uint32_t cas) {
  const uint64_t bound = limits_.max_shared_data_bytes;
  const auto own = values_.find(key);
  if (own != values_.end()) {
    if (cas != 0 && own->second.cas != cas) return Status::CasMismatch;
  } else {
    const uint64_t bound_of_all = std::min(bound, store_.bound_of_serving().value_or(bound));
    const Status set = store_.set(key, value, cas, bound_of_all);
    if (set != Status::InternalFailure) return set;
  }
  const auto before = get(key);
  const uint64_t size_before = before ? SharedStore::size_of(key, *before->bytes) : 0;
  const uint64_t size_after = SharedStore::size_of(key, value);
  if (size_after > size_before && store_.bytes() + growth_ + (size_after - size_before) > bound) {
    return Status::InternalFailure;
  }
  growth_ += size_after - size_before;
  values_.insert_or_assign(
      std::string(key),
      SharedStore::Value{std::make_shared<const std::string>(value), store_.next_cas()});
  return Status::Ok;
}

Status TrialShares::enqueue(uint32_t queue_id, std::string_view item) {
  if (!queues_.contains(queue_id)) return Status::NotFound;
  const uint64_t size = SharedQueues::kItemBytes + item.size();
  if (item_bytes_ + size > limits_.max_queue_bytes) return Status::NotFound;
  item_bytes_ += size;
  items_[queue_id].emplace_back(item);
  return Status::Ok;
}

Status TrialShares::dequeue(uint32_t queue_id, std::string& item) {
  if (!queues_.contains(queue_id)) return Status::NotFound;
  auto found = items_.find(queue_id);
  if (found == items_.end() || found->second.empty()) return Status::Empty;
  item = std::move(found->second.front());
  found->second.pop_front();
  item_bytes_ -= SharedQueues::kItemBytes + item.size();
  return Status::Ok;
}

}  // namespace weir::runtime

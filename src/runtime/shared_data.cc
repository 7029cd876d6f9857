#include "runtime/shared_data.h"

namespace weir::runtime {

using abi::Status;

std::optional<SharedStore::Value> SharedStore::get(std::string_view key) const {
  auto shard = shard_of(key).lock();
  auto found = shard->find(key);
  if (found == shard->end()) return std::nullopt;
  return found->second;
}

Status SharedStore::set(std::string_view key, std::string_view value, uint32_t cas) {
  auto bytes = std::make_shared<const std::string>(value);
  auto shard = shard_of(key).lock();
  auto found = shard->find(key);
  const bool exists = found != shard->end();
  if (cas != 0 && (!exists || found->second.cas != cas)) return Status::CasMismatch;

  const uint64_t before = exists ? kEntryBytes + key.size() + found->second.bytes->size() : 0;
  const uint64_t after = kEntryBytes + key.size() + value.size();
  if (after > before && bytes_.load() + (after - before) > max_bytes_) {
    return Status::InternalFailure;
  }
  bytes_ += after - before;
  Value stored{std::move(bytes), next_cas()};
  if (exists) {
    found->second = std::move(stored);
  } else {
    shard->emplace(std::string(key), std::move(stored));
  }
  return Status::Ok;
}

const Guarded<SharedStore::Shard>& SharedStore::shard_of(std::string_view key) const {
  return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
}

uint32_t SharedStore::next_cas() {
  const uint32_t cas = next_cas_++;
  return cas != 0 ? cas : next_cas_++;
}

SharedStore& SharedData::store(std::string_view vm_id, uint64_t max_bytes) {
  auto stores = stores_.lock();
  auto found = stores->find(vm_id);
  if (found == stores->end()) {
    found = stores->emplace(std::string(vm_id), std::make_unique<SharedStore>(max_bytes, next_cas_))
                .first;
  }
  return *found->second;
}

}  // namespace weir::runtime

#include "runtime/shared_data.h"

namespace weir::runtime {

using abi::Status;

SharedStore::Serving::Serving(SharedStore& store, uint64_t max_bytes)
    : store_(store), max_bytes_(max_bytes) {
  store_.serving_.lock()->insert(max_bytes_);
}

SharedStore::Serving::~Serving() {
  auto bounds = store_.serving_.lock();
  bounds->erase(bounds->find(max_bytes_));
}

std::optional<uint64_t> SharedStore::bound_of_serving() const {
  auto bounds = serving_.lock();
  return bounds->empty() ? std::nullopt : std::optional(*bounds->rbegin());
}

std::optional<SharedStore::Value> SharedStore::get(std::string_view key) const {
  auto shard = shard_of(key).lock();
  auto found = shard->find(key);
  if (found == shard->end()) return std::nullopt;
  return found->second;
}

Status SharedStore::set(std::string_view key, std::string_view value, uint32_t cas,
                        uint64_t max_bytes) {
  auto bytes = std::make_shared<const std::string>(value);
  auto shard = shard_of(key).lock();
  auto found = shard->find(key);
  const bool exists = found != shard->end();
  if (cas != 0 && (!exists || found->second.cas != cas)) return Status::CasMismatch;

  const uint64_t before = exists ? size_of(key, *found->second.bytes) : 0;
  const uint64_t after = size_of(key, value);
  if (after > before && bytes_.load() + (after - before) > max_bytes) {
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

void SharedStore::clear() {
  for (const auto& each : shards_) {
    auto shard = each.lock();
    for (const auto& [key, value] : *shard) bytes_ -= size_of(key, *value.bytes);
    shard->clear();
  }
}

const Guarded<SharedStore::Shard>& SharedStore::shard_of(std::string_view key) const {
  return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
}

uint32_t SharedStore::next_cas() {
  const uint32_t cas = next_cas_++;
  return cas != 0 ? cas : next_cas_++;
}

std::shared_ptr<SharedStore> SharedData::store(std::string_view vm_id) {
  auto stores = stores_.lock();
  if (auto found = stores->find(vm_id); found != stores->end()) {
    if (auto known = found->second.lock()) return known;
  }
  std::erase_if(*stores, [](const auto& entry) { return entry.second.expired(); });
  auto made = std::make_shared<SharedStore>(next_cas_);
  stores->emplace(std::string(vm_id), made);
  return made;
}

}  // namespace weir::runtime

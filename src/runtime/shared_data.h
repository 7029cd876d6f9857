#pragma once
// The key-value store that plugins share across workers and VMs of one vm_id (ABI 0.2.1,
// "Shared Key-Value Store").

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "abi/types.h"
#include "base/guarded.h"

namespace weir::runtime {

// The data of one vm_id. Locks one shard for a moment; values are handed out without a copy.
// Thread: any.
class SharedStore {
 public:
  struct Value {
    std::shared_ptr<const std::string> bytes;
    uint32_t cas = 0;  // never 0 in the store; changes with every set()
  };

  // What an entry counts for beside its key and its value: small ones take memory too.
  static constexpr uint64_t kEntryBytes = 128;

  // `max_bytes` bounds keys, values and entries together.
  SharedStore(uint64_t max_bytes, std::atomic<uint32_t>& next_cas)
      : max_bytes_(max_bytes), next_cas_(next_cas) {}

  std::optional<Value> get(std::string_view key) const;

  // `cas` 0 sets whatever is there; any other must be the stored value's, or the answer is
  // CAS_MISMATCH. INTERNAL_FAILURE: a limit is reached.
  abi::Status set(std::string_view key, std::string_view value, uint32_t cas);

 private:
  using Shard = std::map<std::string, Value, std::less<>>;

  const Guarded<Shard>& shard_of(std::string_view key) const;
  uint32_t next_cas();

  uint64_t max_bytes_;
  std::atomic<uint32_t>& next_cas_;
  std::atomic<uint64_t> bytes_ = 0;
  std::array<Guarded<Shard>, 16> shards_;
};

// The stores of a process, by vm_id. Thread: any.
class SharedData {
 public:
  // The vm_id's store, made with this bound if it is new; it lives as long as this object. Not for
  // the request path: a VM instance asks once.
  SharedStore& store(std::string_view vm_id, uint64_t max_bytes);

 private:
  std::atomic<uint32_t> next_cas_ = 1;
  Guarded<std::map<std::string, std::unique_ptr<SharedStore>, std::less<>>> stores_;
};

}  // namespace weir::runtime

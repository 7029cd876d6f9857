#pragma once
// The key-value store that plugins share across workers and VMs of one vm_id (ABI 0.2.1,
// "Shared Key-Value Store").

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

  // A VM that serves, with what it may fill the store to; as long as this lives.
  class Serving {
   public:
    Serving(SharedStore& store, uint64_t max_bytes);
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;
    ~Serving();

   private:
    SharedStore& store_;
    uint64_t max_bytes_;
  };

  // `next_cas` outlives it.
  explicit SharedStore(std::atomic<uint32_t>& next_cas) : next_cas_(next_cas) {}

  std::optional<Value> get(std::string_view key) const;

  // `cas` 0 sets whatever is there; any other must be the stored value's, or the answer is
  // CAS_MISMATCH. INTERNAL_FAILURE: keys, values and entries together would grow beyond
  // `max_bytes`, the bound of the VM that sets this one. VMs of one vm_id may have several.
  abi::Status set(std::string_view key, std::string_view value, uint32_t cas, uint64_t max_bytes);

  // Takes all entries out.
  void clear();

  // What an entry counts for.
  static uint64_t size_of(std::string_view key, std::string_view value) {
    return kEntryBytes + key.size() + value.size();
  }
  uint64_t bytes() const { return bytes_.load(); }
  // What the VMs that serve may fill it to; empty: none serves.
  std::optional<uint64_t> bound_of_serving() const;
  // Not 0, and of no other value yet.
  uint32_t next_cas();

 private:
  using Shard = std::map<std::string, Value, std::less<>>;

  const Guarded<Shard>& shard_of(std::string_view key) const;

  std::atomic<uint32_t>& next_cas_;
  std::atomic<uint64_t> bytes_ = 0;
  std::array<Guarded<Shard>, 16> shards_;
  Guarded<std::multiset<uint64_t>> serving_;
};

// The stores of a process, by vm_id; outlives them. Thread: any.
class SharedData {
 public:
  // The vm_id's store. It is that of all who hold it, and goes with the last of them: its VMs.
  std::shared_ptr<SharedStore> store(std::string_view vm_id);

 private:
  std::atomic<uint32_t> next_cas_ = 1;
  Guarded<std::map<std::string, std::weak_ptr<SharedStore>, std::less<>>> stores_;
};

}  // namespace weir::runtime

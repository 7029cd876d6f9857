#pragma once
// Shared data and queues, as a plugin has them that is only tried out.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "abi/types.h"
#include "runtime/options.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"

namespace weir::runtime {

// It reads what is there. What it sets is set, as on Envoy, and others that are tried out after it
// find it; but where that would be more than those that serve may set themselves, up to its own
// bound, it is the trial's alone. What it enqueues is the trial's alone, and so is what it can
// dequeue: nobody is told, and nothing taken away. Thread: one at a time.
class TrialShares {
 public:
  // `limits` are its own. All outlive it.
  TrialShares(SharedStore& store, const SharedQueues& queues, const CallLimits& limits);

  // As those of SharedStore.
  std::optional<SharedStore::Value> get(std::string_view key) const;
  abi::Status set(std::string_view key, std::string_view value, uint32_t cas);

  // As those of SharedQueues.
  abi::Status enqueue(uint32_t queue_id, std::string_view item);
  abi::Status dequeue(uint32_t queue_id, std::string& item);

 private:
  SharedStore& store_;
  const SharedQueues& queues_;
  const CallLimits& limits_;
  std::map<std::string, SharedStore::Value, std::less<>> values_;  // its own
  uint64_t growth_ = 0;                                            // of the store, had it these
  std::map<uint32_t, std::deque<std::string>> items_;
  uint64_t item_bytes_ = 0;
};

}  // namespace weir::runtime

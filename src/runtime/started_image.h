#pragma once
// A plugin as it is when it has started and taken its configuration: what the instances of its
// streams begin with.

#include <map>
#include <memory>
#include <string>

#include "abi/linked_module.h"
#include "base/result.h"
#include "runtime/filter_state.h"
#include "runtime/metric_table.h"

namespace weir::runtime {

class PluginContext;
class VmInstance;

// What the host keeps for a root context that its guest counts on.
struct RootState {
  FilterState filter_state;
  PropertyDeclarations declarations;
};

// Of one root context: its id is 1 here. Immutable; shared by all workers. Thread: any.
struct StartedImage {
  // The code, with the state in it. Null: the state cannot be kept, and each instance has to start
  // and to configure itself.
  std::unique_ptr<const abi::LinkedModule> module;
  std::string obstacle;       // why not, where it is null
  uint64_t memory_bytes = 0;  // of each instance, at its begin, with what it takes beside it

  RootState root;
  MetricTable metrics;
  std::map<uint32_t, std::string> expressions;  // their texts, by token
  uint32_t last_call_id = 0;

  // From an instance that has started nothing but `root`. `code` is what its VM was made of.
  static std::shared_ptr<const StartedImage> make(VmInstance& instance, const PluginContext& root,
                                                  std::string_view code);
};

}  // namespace weir::runtime

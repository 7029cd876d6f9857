#pragma once
// Foreign functions: named calls beyond the ABI's own (proxy_call_foreign_function), with the names
// and payloads that plugins written for Envoy use.

#include <string>
#include <string_view>

#include "abi/context.h"
#include "abi/types.h"
#include "runtime/stream.h"

namespace weir::runtime {

class Expressions;

// What a foreign function may touch. Thread: its instance's.
class ForeignCaller {
 public:
  // The effective context: its properties, and its stream's route.
  virtual abi::Context& context() = 0;

  // Of the effective context's stream; of the plugin where it is the root.
  virtual FilterState& filter_state() = 0;

  // What the effective context's plugin has declared of its properties.
  virtual PropertyDeclarations& declarations() = 0;

  // The expressions that this VM instance has made.
  virtual Expressions& expressions() = 0;

 protected:
  ~ForeignCaller() = default;
};

// Answers with the statuses that SDKs expect: OK with `result` set, NOT_FOUND, BAD_ARGUMENT,
// SERIALIZATION_FAILURE or INTERNAL_FAILURE. `arguments` are the guest's and hostile.
using ForeignFunction = abi::Status (*)(ForeignCaller& caller, std::string_view arguments,
                                        std::string& result);

// Null: there is no function of that name.
ForeignFunction find_foreign_function(std::string_view name);

}  // namespace weir::runtime

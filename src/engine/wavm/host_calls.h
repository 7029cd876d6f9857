#pragma once
// The way out of a guest. WAVM calls native functions by their own signatures; ours are any. So a
// module is generated for each guest, whose functions are the guest's imports: each puts its
// arguments into the module's globals, which lie in the context's data, and calls the one native
// function with the import's number. Results come back the same way.

#include <WAVM/IR/Module.h>
#include <WAVM/IR/Value.h>
#include <WAVM/Runtime/Runtime.h>

#include <span>

#include "engine/engine.h"

namespace weir::engine::wavm {

// Where a guest's calls out arrive: the user data of its context.
class HostCallTarget {
 public:
  // Of the import number `index`, on the instance's thread. `slots` are kMaxSlots globals.
  virtual Flow on_host_call(uint32_t index, std::span<WAVM::IR::UntaggedValue> slots) noexcept = 0;

 protected:
  ~HostCallTarget() = default;
};

// The module of imports. It imports the native function, and exports one function for each of
// `imports`, in their order.
WAVM::IR::Module make_import_module(std::span<const Import> imports);

// The native function, in a compartment where nothing else has been instantiated yet.
WAVM::Runtime::Function* instantiate_native_function(WAVM::Runtime::Compartment*);
inline constexpr const char* kNativeFunction = "host_call";

}  // namespace weir::engine::wavm

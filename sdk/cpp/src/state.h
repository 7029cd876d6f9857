#pragma once
// What an instance of the plugin has of its own. A .wasm file is loaded once for each instance; a
// native plugin's code serves all instances at a time, from several threads.

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "proxy_wasm_intrinsics.h"

// A plugin may define a callback itself: then the SDK's is not used.
#define CALLBACK(result, name, signature, params) \
  extern "C" __attribute__((weak)) result name params;
#include "weir_sdk/callbacks.def"
#undef CALLBACK

namespace weir_sdk {

struct State {
  std::unordered_map<uint32_t, std::unique_ptr<ContextBase>> contexts;
  std::unordered_map<std::string, RootContext*> roots;  // by root_id
  bool starting = false;                                // a root context is in its onStart()
};

// Of the instance that is running.
State& state();

// Stands in a callback: when that is over, what the program has printed is in the log.
class EndOfCallback {
 public:
  EndOfCallback() = default;
  EndOfCallback(const EndOfCallback&) = delete;
  EndOfCallback& operator=(const EndOfCallback&) = delete;
  ~EndOfCallback() { flush_output(); }
};

}  // namespace weir_sdk

#pragma once
// WasmEdge's executors, with a way to stop the code that runs in one.

#include <vector>

#include "base/guarded.h"
#include "engine/wasmedge/api.h"

namespace weir::engine::wasmedge {

// Runs one instance at a time. The C API stops an executor only by way of a call that it has run
// asynchronously: each has run an empty one, in a thread that ended at once.
struct Executor {
  uint32_t memory_pages;  // what a memory of an instance made by it may hold
  Owned<WasmEdge_ExecutorContext> context;
  Owned<WasmEdge_Async> stop;
};

// Keeps executors for the next instance: making one costs a thread. Thread: any.
class Executors {
 public:
  explicit Executors(const Api& api);

  Executor take(uint32_t memory_pages) const;
  // To be called when its instance is gone.
  void give_back(Executor) const;

 private:
  Executor make(uint32_t memory_pages) const;

  const Api& api_;
  Owned<WasmEdge_FunctionInstanceContext> nothing_;  // the empty call
  Guarded<std::vector<Executor>> idle_;
};

}  // namespace weir::engine::wasmedge

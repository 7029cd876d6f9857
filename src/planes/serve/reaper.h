#pragma once
// Deletes objects once nothing on the stack can refer to them any more.

#include <functional>
#include <memory>
#include <vector>

#include "planes/serve/exchange.h"

namespace weir::serve {

// Takes what may still be in use by callers further up the stack, and destroys it in a turn of the
// event loop of its own, in the order in which it came. Thread: its worker's.
class Reaper {
 public:
  // `post` runs a task on the worker's thread, soon, and never from inside the call.
  explicit Reaper(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}

  void bury(std::unique_ptr<Exchange> exchange) { add({std::move(exchange), nullptr}); }
  void bury(std::unique_ptr<UpstreamExchange> upstream) { add({nullptr, std::move(upstream)}); }

  // Destroys what is there. Called by the posted task, and when the worker ends.
  void reap();

 private:
  struct Grave {
    std::unique_ptr<Exchange> exchange;
    std::unique_ptr<UpstreamExchange> upstream;
  };

  void add(Grave grave);

  std::function<void(std::function<void()>)> post_;
  std::vector<Grave> graves_;
  std::vector<Grave> spare_;  // keeps its capacity between turns
  bool posted_ = false;
};

}  // namespace weir::serve

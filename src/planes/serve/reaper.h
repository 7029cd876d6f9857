#pragma once
// Deletes objects once nothing on the stack can refer to them any more.

#include <functional>
#include <memory>
#include <vector>

namespace weir::serve {

// Takes what may still be in use by callers further up the stack, and destroys it in a turn of the
// event loop of its own, in the order in which it came. Thread: its worker's.
class Reaper {
 public:
  // `post` runs a task on the worker's thread, soon, and never from inside the call.
  explicit Reaper(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}

  template <typename T>
  void bury(std::unique_ptr<T> object) {
    add(Grave(object.release(), [](void* dead) { delete static_cast<T*>(dead); }));
  }

  // Destroys what is there. Called by the posted task, and when the worker ends.
  void reap();

 private:
  using Grave = std::unique_ptr<void, void (*)(void*)>;

  void add(Grave grave);

  std::function<void(std::function<void()>)> post_;
  std::vector<Grave> graves_;
  std::vector<Grave> spare_;  // keeps its capacity between turns
  bool posted_ = false;
};

}  // namespace weir::serve

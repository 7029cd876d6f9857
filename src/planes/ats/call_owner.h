#pragma once
// What the calls of plugins belong to: one of the server's transactions or connections.

#include <functional>
#include <memory>
#include <string_view>

#include "planes/ats/call_targets.h"

namespace weir::ats_plane {

// Thread: its home, the event thread that it began on.
class CallOwner {
 public:
  CallOwner(const CallOwner&) = delete;
  CallOwner& operator=(const CallOwner&) = delete;

  // Null inside once the object is gone.
  const std::shared_ptr<CallOwner*>& alive() const { return alive_; }
  // Runs an event of a call that is its own, soon and with the lock of the server's object.
  virtual void run(std::function<void()> event) = 0;
  virtual std::shared_ptr<const CallTarget> find_target(std::string_view name) const = 0;

 protected:
  CallOwner() = default;
  ~CallOwner() { let_calls_go(); }

  // Events of its calls do not come to it any more.
  void let_calls_go() { *alive_ = nullptr; }

 private:
  const std::shared_ptr<CallOwner*> alive_ = std::make_shared<CallOwner*>(this);
};

}  // namespace weir::ats_plane

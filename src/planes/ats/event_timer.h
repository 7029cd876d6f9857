#pragma once
// The runtime's timers as events of the server's threads.

#include <functional>

#include "planes/ats/server_api.h"
#include "runtime/worker_services.h"

namespace weir::ats_plane {

// Thread: that of the event thread that made it.
class EventTimer final : public runtime::Timer {
 public:
  explicit EventTimer(std::function<void()> on_expiry);
  ~EventTimer() override;

  void start(Milliseconds delay) override;
  void stop() override { EventTimer::cancel(); }

 private:
  static int on_event(TSCont continuation, TSEvent event, void* data);
  void cancel();

  const TSEventThread thread_ = TSEventThreadSelf();
  const TSCont continuation_;
  TSAction pending_ = nullptr;  // null: not started
  std::function<void()> on_expiry_;
};

}  // namespace weir::ats_plane

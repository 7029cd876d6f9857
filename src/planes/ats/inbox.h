#pragma once
// Work for one of the server's event threads from elsewhere.

#include <functional>
#include <mutex>
#include <vector>

#include "planes/ats/server_api.h"

namespace weir::ats_plane {

// Never destroyed: the server's threads and continuations last as long as the process.
class Inbox {
 public:
  // Of the present thread, which is one of the server's event threads.
  Inbox();

  // Runs `task` on the inbox's thread, soon, and never from inside this call. Thread: any.
  void post(std::function<void()> task);

  TSEventThread thread() const { return thread_; }

 private:
  static int on_event(TSCont continuation, TSEvent event, void* data);

  const TSEventThread thread_ = TSEventThreadSelf();
  const TSCont continuation_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
};

}  // namespace weir::ats_plane

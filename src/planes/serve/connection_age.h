#pragma once
// Tells when a connection has served for long enough (config::ConnectionLimits).

#include <utility>

#include "config/http2_options.h"
#include "planes/serve/codec.h"
#include "planes/serve/counter.h"

namespace weir::serve {

// Thread: the connection's.
class ConnectionAge {
 public:
  // The counters outlive it: of connections that reached their duration, or their requests.
  ConnectionAge(const config::ConnectionLimits& limits, Counter& durations, Counter& requests)
      : limits_(limits), durations_(durations), requests_(requests) {}

  // One more request. True, once: no other one is to follow on the connection.
  bool add_request() {
    return limits_.max_requests > 0 && ++served_ == limits_.max_requests && note(requests_);
  }

  // Called by each sweep. True, once: the connection is to end.
  bool has_passed(CoarseTime now) {
    if (limits_.max_duration.count() == 0 || noted_) return false;
    if (since_ == CoarseTime{}) since_ = now;
    return now - since_ > limits_.max_duration && note(durations_);
  }

 private:
  bool note(Counter& counter) {
    if (std::exchange(noted_, true)) return false;
    counter.add();
    return true;
  }

  const config::ConnectionLimits limits_;
  Counter& durations_;
  Counter& requests_;
  CoarseTime since_{};
  uint32_t served_ = 0;
  bool noted_ = false;
};

}  // namespace weir::serve

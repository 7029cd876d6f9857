#pragma once
// Whether an endpoint is well, asked again and again.

#include <functional>
#include <memory>
#include <vector>

#include "planes/serve/cluster.h"
#include "planes/serve/net.h"

namespace weir::serve {

// An endpoint is well where all of its cluster's checks say so. It counts as well until its first
// answer. Thread: its worker's.
class HealthChecker {
 public:
  // Called from the event loop.
  struct Listener {
    std::function<void()> on_change;
    std::function<void()> on_passed;  // some check has
  };

  // All but the listener outlive the checker.
  HealthChecker(asio::io_context& io, const asio::ip::tcp::endpoint& address,
                const ClusterSettings& settings, ClusterStats& stats, Listener listener);
  ~HealthChecker();

  void start();
  bool is_healthy() const;

 private:
  class Check;

  const Listener listener_;
  std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace weir::serve

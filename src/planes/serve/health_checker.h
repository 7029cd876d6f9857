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
  // `on_change` is called from the event loop. All but it outlive the checker.
  HealthChecker(asio::io_context& io, const asio::ip::tcp::endpoint& address,
                const ClusterSettings& settings, ClusterStats& stats,
                std::function<void()> on_change);
  ~HealthChecker();

  void start();
  bool is_healthy() const;

 private:
  class Check;

  const std::function<void()> on_change_;
  std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace weir::serve

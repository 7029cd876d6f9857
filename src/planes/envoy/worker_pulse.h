#pragma once
// Reaches workers that have no stream: through a cluster of this module, where there is one.

#include <mutex>
#include <vector>

#include "planes/envoy/cluster_callbacks.h"

namespace weir::envoy_plane {

// Envoy lets a cluster's module run something on all workers, from the main thread; and run
// something on the main thread, from anywhere. Thread: any, unless said otherwise.
class WorkerPulse {
 public:
  // What the event on the main thread is known by among a cluster's.
  static constexpr uint64_t kEvent = 1;

  // The clusters that can carry it; the latest does. Thread: main.
  void attach(EnvoyCluster* cluster);
  void detach(EnvoyCluster* cluster);
  bool is_attached() const;

  // Every worker soon does what waits for it. False: there is no cluster.
  bool beat();

  // A cluster's event on the main thread.
  void on_main_thread(EnvoyCluster* cluster);

 private:
  struct Way {
    EnvoyCluster* cluster;
    EnvoyClusterScheduler* scheduler;
  };

  // With mutex_ held, and a way there is.
  void commit() const;

  mutable std::mutex mutex_;
  std::vector<Way> ways_;
  bool beaten_ = false;  // and not yet passed on
};

}  // namespace weir::envoy_plane

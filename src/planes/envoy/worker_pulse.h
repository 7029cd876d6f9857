#pragma once
// Reaches workers that have no stream: through a cluster of this module, where there is one.

#include <mutex>

#include "planes/envoy/cluster_callbacks.h"

namespace weir::envoy_plane {

// Envoy lets a cluster's module run something on all workers, from the main thread; and run
// something on the main thread, from anywhere. Thread: any, unless said otherwise.
class WorkerPulse {
 public:
  // The cluster that carries it; a later one takes its place. Thread: main.
  void attach(EnvoyCluster* cluster);
  void detach(EnvoyCluster* cluster);
  bool is_attached() const;

  // Every worker soon does what waits for it. False: there is no cluster.
  bool beat();

  // The cluster's event on the main thread.
  void on_main_thread(EnvoyCluster* cluster);

 private:
  mutable std::mutex mutex_;
  EnvoyCluster* cluster_ = nullptr;
  EnvoyClusterScheduler* scheduler_ = nullptr;
  bool beaten_ = false;  // and not yet passed on
};

}  // namespace weir::envoy_plane

#include "planes/envoy/worker_pulse.h"

#include <utility>

namespace weir::envoy_plane {

void WorkerPulse::attach(EnvoyCluster* cluster) {
  auto* scheduler = envoy_dynamic_module_callback_cluster_scheduler_new(cluster);
  const std::lock_guard lock(mutex_);
  if (scheduler_ != nullptr) envoy_dynamic_module_callback_cluster_scheduler_delete(scheduler_);
  cluster_ = cluster;
  scheduler_ = scheduler;
  // What was configured before has not started anywhere yet.
  beaten_ = true;
  envoy_dynamic_module_callback_cluster_scheduler_commit(scheduler_, 0);
}

void WorkerPulse::detach(EnvoyCluster* cluster) {
  const std::lock_guard lock(mutex_);
  if (cluster_ != cluster) return;
  envoy_dynamic_module_callback_cluster_scheduler_delete(scheduler_);
  cluster_ = nullptr;
  scheduler_ = nullptr;
}

bool WorkerPulse::is_attached() const {
  const std::lock_guard lock(mutex_);
  return cluster_ != nullptr;
}

bool WorkerPulse::beat() {
  const std::lock_guard lock(mutex_);
  if (cluster_ == nullptr) return false;
  if (!std::exchange(beaten_, true)) {
    envoy_dynamic_module_callback_cluster_scheduler_commit(scheduler_, 0);
  }
  return true;
}

void WorkerPulse::on_main_thread(EnvoyCluster* cluster) {
  {
    const std::lock_guard lock(mutex_);
    if (cluster != cluster_) return;
    beaten_ = false;
  }
  envoy_dynamic_module_callback_cluster_run_on_all_workers(cluster, 0);
}

}  // namespace weir::envoy_plane

#include "planes/envoy/worker_pulse.h"

#include <algorithm>
#include <utility>

namespace weir::envoy_plane {

void WorkerPulse::attach(EnvoyCluster* cluster) {
  auto* scheduler = envoy_dynamic_module_callback_cluster_scheduler_new(cluster);
  const std::lock_guard lock(mutex_);
  ways_.push_back({cluster, scheduler});
  // What was configured before has not started anywhere yet.
  beaten_ = true;
  commit();
}

void WorkerPulse::detach(EnvoyCluster* cluster) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(ways_, cluster, &Way::cluster);
  if (found == ways_.end()) return;
  envoy_dynamic_module_callback_cluster_scheduler_delete(found->scheduler);
  ways_.erase(found);
  // The event may have been on its way through this one.
  if (beaten_ && !ways_.empty()) commit();
}

bool WorkerPulse::is_attached() const {
  const std::lock_guard lock(mutex_);
  return !ways_.empty();
}

bool WorkerPulse::beat() {
  const std::lock_guard lock(mutex_);
  if (ways_.empty()) return false;
  if (!std::exchange(beaten_, true)) commit();
  return true;
}

void WorkerPulse::commit() const {
  envoy_dynamic_module_callback_cluster_scheduler_commit(ways_.back().scheduler, kEvent);
}

void WorkerPulse::on_main_thread(EnvoyCluster* cluster) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(ways_, cluster, &Way::cluster) == ways_.end()) return;
    beaten_ = false;
  }
  envoy_dynamic_module_callback_cluster_run_on_all_workers(cluster, 0);
}

}  // namespace weir::envoy_plane

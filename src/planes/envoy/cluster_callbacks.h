#pragma once
// What Envoy offers to clusters of a module, as far as workers are reached through one.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

extern "C" {

// The cluster's hosts are known, and Envoy may go on to start. Thread: main.
void envoy_dynamic_module_callback_cluster_pre_init_complete(EnvoyCluster*);

// Wakes the main thread: scheduled() runs there, unless the cluster is gone. A scheduler may be
// used on any thread until it is deleted.
EnvoyClusterScheduler* envoy_dynamic_module_callback_cluster_scheduler_new(EnvoyCluster*);
void envoy_dynamic_module_callback_cluster_scheduler_commit(EnvoyClusterScheduler*, uint64_t event);
void envoy_dynamic_module_callback_cluster_scheduler_delete(EnvoyClusterScheduler*);

// worker_event() runs on every worker. Thread: main.
void envoy_dynamic_module_callback_cluster_run_on_all_workers(EnvoyCluster*, uint64_t event);

// A call of one request and one answer. Its end is the hook http_callout_done. Thread: main.
CallStart envoy_dynamic_module_callback_cluster_http_callout(EnvoyCluster*, uint64_t* id,
                                                             ModuleBuffer cluster,
                                                             ModuleHeader* headers,
                                                             size_t header_count, ModuleBuffer body,
                                                             uint64_t timeout_milliseconds);
}

}  // namespace weir::envoy_plane

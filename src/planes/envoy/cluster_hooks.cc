// What Envoy calls of a cluster of this module. The cluster has no hosts: it exists to reach
// workers (WorkerPulse) and the main thread, and carries calls. Each function has the name and the
// parameters that Envoy's ABI gives it.

#include "planes/envoy/cluster_callbacks.h"
#include "planes/envoy/module.h"
#include "planes/envoy/needed_callbacks.h"
#include "planes/envoy/root_calls.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

// Envoy takes null for a failure; there is nothing to know of a configuration or a balancer.
const char kSomething = 0;

}  // namespace

// One cluster as the module sees it.
struct PulseCluster {
  EnvoyCluster* envoy;
};

WEIR_ENVOY_HOOK const void* envoy_dynamic_module_on_cluster_config_new(EnvoyClusterConfig*,
                                                                       EnvoyBuffer, EnvoyBuffer) {
  const Done checked = check_callbacks(Part::Cluster);
  if (checked.ok()) return &kSomething;
  Module::get().host().logger().log(LogLevel::Error, checked.error().message);
  return nullptr;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_config_destroy(const void*) {}

WEIR_ENVOY_HOOK PulseCluster* envoy_dynamic_module_on_cluster_new(const void*,
                                                                  EnvoyCluster* envoy) {
  return new PulseCluster{envoy};
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_init(EnvoyCluster* envoy, PulseCluster*) {
  Module::get().main_thread().add(carrier_of(envoy));
  Module::get().pulse().attach(envoy);
  envoy_dynamic_module_callback_cluster_pre_init_complete(envoy);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_destroy(PulseCluster* cluster) {
  Module::get().pulse().detach(cluster->envoy);
  Module::get().main_thread().remove(cluster->envoy);
  delete cluster;
}

WEIR_ENVOY_HOOK const void* envoy_dynamic_module_on_cluster_lb_new(PulseCluster*,
                                                                   EnvoyClusterBalancer*) {
  return &kSomething;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_lb_destroy(const void*) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_lb_choose_host(const void*, void*, void** host,
                                                                    void** waiting) {
  *host = nullptr;
  *waiting = nullptr;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_scheduled(EnvoyCluster* envoy, PulseCluster*,
                                                               uint64_t event) {
  if (event == WorkerPulse::kEvent) return Module::get().pulse().on_main_thread(envoy);
  Module::get().main_thread().work();
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_http_callout_done(
    EnvoyCluster* envoy, PulseCluster*, uint64_t id, CalloutResult result, EnvoyHeader* headers,
    size_t header_count, EnvoyBuffer* pieces, size_t piece_count) {
  Module::get().main_thread().answer(envoy, id,
                                     {result, headers, header_count, pieces, piece_count});
}

// The server still works, and ends when all have said that they are done.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_shutdown(EnvoyCluster*, PulseCluster*,
                                                              void (*done)(void*), void* context) {
  Module::get().main_thread().close([done, context] { done(context); });
}

// On every worker: what is configured starts, and what waits for it is done.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_cluster_worker_event(EnvoyCluster*, PulseCluster*,
                                                                  uint64_t) {
  Worker& worker = Worker::here();
  const Worker::Event scope(worker, nullptr, Worker::EventKind::Tells);
  worker.start_all();
}

}  // namespace weir::envoy_plane

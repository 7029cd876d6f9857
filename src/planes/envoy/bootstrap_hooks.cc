// What Envoy calls of bootstrap extensions, which are services here, and of the calls that go
// through one. Each function has the name and the parameters that Envoy's ABI gives it.

#include "planes/envoy/bootstrap_callbacks.h"
#include "planes/envoy/module.h"
#include "planes/envoy/needed_callbacks.h"
#include "planes/envoy/root_calls.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

Result<std::unique_ptr<Configuration>> make_config(EnvoyBootstrapConfig* envoy, EnvoyBuffer name,
                                                   EnvoyBuffer bytes) {
  WEIR_TRY(check_callbacks(Part::Bootstrap));
  WEIR_TRY(auto service, read_service_settings({"extension_config", name.view(), bytes.view()}));
  // Envoy waits with traffic for code that has to be fetched.
  return Configuration::make(
      Module::get(), service.plugin, service.singleton ? Home::MainThread : Home::EachWorker,
      {stats_of(envoy), carrier_of(envoy)}, [envoy] {
        envoy_dynamic_module_callback_bootstrap_extension_config_signal_init_complete(envoy);
      });
}

bool is_singleton(const Configuration& config) {
  return config.plugin()->home() == Home::MainThread;
}

}  // namespace

// Null where it cannot be used as written: Envoy then does not start.
WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_bootstrap_extension_config_new(
    EnvoyBootstrapConfig* envoy, EnvoyBuffer name, EnvoyBuffer bytes) {
  auto made = make_config(envoy, name, bytes);
  if (made.ok()) return std::move(made).value().release();
  Module::get().host().logger().log(LogLevel::Error, made.error().message);
  return nullptr;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_config_destroy(
    const Configuration* config) {
  delete config;
}

// There is nothing to an extension beside its configuration.
WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_bootstrap_extension_new(
    const Configuration* config, EnvoyBootstrapExtension*) {
  return config;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_destroy(const Configuration*) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_server_initialized(
    EnvoyBootstrapExtension*, const Configuration* config) {
  if (!is_singleton(*config)) return;
  Worker& worker = Worker::here();
  const Worker::Event scope(worker, nullptr, Worker::EventKind::Tells, config->stats());
  worker.keep_running(config->plugin());
}

// It comes once and on the main thread, before there are workers.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_worker_thread_initialized(
    EnvoyBootstrapExtension*, const Configuration*) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_drain_started(
    EnvoyBootstrapExtension*, const Configuration*) {}

// A singleton ends while Envoy can still log what it has to say; others end with their threads.
// Calls end while the clusters are there.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_shutdown(
    EnvoyBootstrapExtension*, const Configuration* config, void (*done)(void*), void* context) {
  if (is_singleton(*config)) {
    Worker& worker = Worker::here();
    const Worker::Event scope(worker, nullptr, Worker::EventKind::Tells, config->stats());
    worker.forget(config->plugin()->id());
  }
  Module::get().main_thread().close([done, context] { done(context); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_config_scheduled(
    EnvoyBootstrapConfig*, const Configuration*, uint64_t) {
  Module::get().main_thread().work();
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_http_callout_done(
    EnvoyBootstrapConfig* envoy, const Configuration*, uint64_t id, CalloutResult result,
    EnvoyHeader* headers, size_t header_count, EnvoyBuffer* pieces, size_t piece_count) {
  Module::get().main_thread().answer(envoy, id,
                                     {result, headers, header_count, pieces, piece_count});
}

// Envoy looks these up, too. Timers are Weir's own, and nothing else is asked for that they tell
// of.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_timer_fired(EnvoyBootstrapConfig*,
                                                                             const Configuration*,
                                                                             void*) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_file_changed(EnvoyBootstrapConfig*,
                                                                              const Configuration*,
                                                                              EnvoyBuffer,
                                                                              uint32_t) {}

WEIR_ENVOY_HOOK uint32_t envoy_dynamic_module_on_bootstrap_extension_admin_request(
    EnvoyBootstrapConfig*, const Configuration*, EnvoyBuffer, EnvoyBuffer, EnvoyBuffer) {
  return 404;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_cluster_add_or_update(
    EnvoyBootstrapConfig*, const Configuration*, EnvoyBuffer) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_cluster_removal(
    EnvoyBootstrapConfig*, const Configuration*, EnvoyBuffer) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_listener_add_or_update(
    EnvoyBootstrapConfig*, const Configuration*, EnvoyBuffer) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_bootstrap_extension_listener_removal(
    EnvoyBootstrapConfig*, const Configuration*, EnvoyBuffer) {}

}  // namespace weir::envoy_plane

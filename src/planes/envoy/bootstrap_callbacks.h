#pragma once
// What Envoy offers to bootstrap extensions. Thread: main, unless said otherwise.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

extern "C" {

// Envoy takes no traffic before each extension has said this once.
void envoy_dynamic_module_callback_bootstrap_extension_config_signal_init_complete(
    EnvoyBootstrapConfig*);

// A call of one request and one answer. Its end is the hook http_callout_done. There are no
// clusters before the server is initialised.
CallStart envoy_dynamic_module_callback_bootstrap_extension_http_callout(
    EnvoyBootstrapConfig*, uint64_t* id, ModuleBuffer cluster, ModuleHeader* headers,
    size_t header_count, ModuleBuffer body, uint64_t timeout_milliseconds);

// Wakes the main thread: config_scheduled() runs there, unless the configuration is gone. A
// scheduler may be used on any thread until it is deleted.
EnvoyBootstrapScheduler* envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_new(
    EnvoyBootstrapConfig*);
void envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_commit(
    EnvoyBootstrapScheduler*, uint64_t event);
void envoy_dynamic_module_callback_bootstrap_extension_config_scheduler_delete(
    EnvoyBootstrapScheduler*);

// Metrics, as of an HTTP filter's configuration.
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_define_counter(
    EnvoyBootstrapConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_define_gauge(
    EnvoyBootstrapConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_define_histogram(
    EnvoyBootstrapConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);
// Thread: one of Envoy's; any where there are no labels.
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_increment_counter(
    EnvoyBootstrapConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_increment_gauge(
    EnvoyBootstrapConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_decrement_gauge(
    EnvoyBootstrapConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_set_gauge(
    EnvoyBootstrapConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t value);
MetricsResult envoy_dynamic_module_callback_bootstrap_extension_config_record_histogram_value(
    EnvoyBootstrapConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t value);
}

}  // namespace weir::envoy_plane

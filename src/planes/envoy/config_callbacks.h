#pragma once
// What Envoy offers to the configuration of an HTTP filter.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

extern "C" {

// Metrics, defined while the configuration is made and at no other time. With label names it is a
// family, of which each list of label values is a member. Thread: main.
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_counter(
    EnvoyHttpConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_gauge(
    EnvoyHttpConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_histogram(
    EnvoyHttpConfig*, ModuleBuffer name, ModuleBuffer* labels, size_t label_count, size_t* id);

// Thread: one of Envoy's; any where there are no labels.
MetricsResult envoy_dynamic_module_callback_http_filter_config_increment_counter(
    EnvoyHttpConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_http_filter_config_increment_gauge(
    EnvoyHttpConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_http_filter_config_decrement_gauge(
    EnvoyHttpConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t by);
MetricsResult envoy_dynamic_module_callback_http_filter_config_set_gauge(
    EnvoyHttpConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t value);
MetricsResult envoy_dynamic_module_callback_http_filter_config_record_histogram_value(
    EnvoyHttpConfig*, size_t id, ModuleBuffer* labels, size_t label_count, uint64_t value);

// Wakes the main thread: config_scheduled() runs there, unless the configuration is gone. A
// scheduler may be used on any thread until it is deleted.
EnvoyConfigScheduler* envoy_dynamic_module_callback_http_filter_config_scheduler_new(
    EnvoyHttpConfig*);
void envoy_dynamic_module_callback_http_filter_config_scheduler_commit(EnvoyConfigScheduler*,
                                                                       uint64_t event);
void envoy_dynamic_module_callback_http_filter_config_scheduler_delete(EnvoyConfigScheduler*);

// Streams to clusters. Thread: main.
CallStart envoy_dynamic_module_callback_http_filter_config_start_http_stream(
    EnvoyHttpConfig*, uint64_t* id, ModuleBuffer cluster, ModuleHeader* headers,
    size_t header_count, ModuleBuffer body, bool end_of_stream, uint64_t timeout_milliseconds);
void envoy_dynamic_module_callback_http_filter_config_reset_http_stream(EnvoyHttpConfig*,
                                                                        uint64_t id);
bool envoy_dynamic_module_callback_http_filter_config_stream_send_data(EnvoyHttpConfig*,
                                                                       uint64_t id,
                                                                       ModuleBuffer data,
                                                                       bool end_of_stream);
bool envoy_dynamic_module_callback_http_filter_config_stream_send_trailers(EnvoyHttpConfig*,
                                                                           uint64_t id,
                                                                           ModuleHeader* trailers,
                                                                           size_t count);
}

}  // namespace weir::envoy_plane

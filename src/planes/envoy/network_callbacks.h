#pragma once
// What Envoy offers to network filters. Thread: the connection's worker, unless said otherwise.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

enum class NetworkClose : int32_t { FlushWrite, NoFlush, FlushWriteAndDelay, Abort, AbortReset };

enum class NetworkEvent : int32_t { RemoteClose, LocalClose, Connected, ConnectedZeroRtt };

extern "C" {

// Bytes from the client (read) and to it (write): those of the event that runs. A chunk is a piece
// of memory, valid until the bytes change. What reading left in its buffer comes again.
size_t envoy_dynamic_module_callback_network_filter_get_read_buffer_size(EnvoyNetworkFilter*);
size_t envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(
    EnvoyNetworkFilter*);
bool envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(EnvoyNetworkFilter*,
                                                                         EnvoyBuffer* chunks);
bool envoy_dynamic_module_callback_network_filter_drain_read_buffer(EnvoyNetworkFilter*,
                                                                    size_t bytes);
bool envoy_dynamic_module_callback_network_filter_append_read_buffer(EnvoyNetworkFilter*,
                                                                     ModuleBuffer data);
size_t envoy_dynamic_module_callback_network_filter_get_write_buffer_size(EnvoyNetworkFilter*);
size_t envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(
    EnvoyNetworkFilter*);
bool envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(EnvoyNetworkFilter*,
                                                                          EnvoyBuffer* chunks);
bool envoy_dynamic_module_callback_network_filter_drain_write_buffer(EnvoyNetworkFilter*,
                                                                     size_t bytes);
bool envoy_dynamic_module_callback_network_filter_append_write_buffer(EnvoyNetworkFilter*,
                                                                      ModuleBuffer data);

// Acts on the connection. Any of these may run other filters, and end the connection and destroy
// this filter, before it returns. What is injected goes on behind this filter.
void envoy_dynamic_module_callback_network_filter_inject_read_data(EnvoyNetworkFilter*,
                                                                   ModuleBuffer data, bool end);
void envoy_dynamic_module_callback_network_filter_inject_write_data(EnvoyNetworkFilter*,
                                                                    ModuleBuffer data, bool end);
void envoy_dynamic_module_callback_network_filter_continue_reading(EnvoyNetworkFilter*);
void envoy_dynamic_module_callback_network_filter_close_with_details(EnvoyNetworkFilter*,
                                                                     NetworkClose,
                                                                     ModuleBuffer details);
// Counts: as many enablings as there were disablings. Answers what changed.
int32_t envoy_dynamic_module_callback_network_filter_read_disable(EnvoyNetworkFilter*,
                                                                  bool disable);
// Of each buffer of the connection; 0: none.
uint32_t envoy_dynamic_module_callback_network_filter_get_buffer_limit(EnvoyNetworkFilter*);

// What is known of the connection. Addresses are without their ports.
bool envoy_dynamic_module_callback_network_filter_get_remote_address(EnvoyNetworkFilter*,
                                                                     EnvoyBuffer* address,
                                                                     uint32_t* port);
bool envoy_dynamic_module_callback_network_filter_get_local_address(EnvoyNetworkFilter*,
                                                                    EnvoyBuffer* address,
                                                                    uint32_t* port);
bool envoy_dynamic_module_callback_network_filter_get_attribute_string(EnvoyNetworkFilter*,
                                                                       AttributeId,
                                                                       EnvoyBuffer* value);
bool envoy_dynamic_module_callback_network_filter_get_attribute_int(EnvoyNetworkFilter*,
                                                                    AttributeId, uint64_t* value);
bool envoy_dynamic_module_callback_network_filter_get_attribute_bool(EnvoyNetworkFilter*,
                                                                     AttributeId, bool* value);
bool envoy_dynamic_module_callback_network_filter_get_upstream_host_cluster(EnvoyNetworkFilter*,
                                                                            EnvoyBuffer* name);

// Filter state of the connection, and its dynamic metadata of these kinds.
bool envoy_dynamic_module_callback_network_set_filter_state_bytes(EnvoyNetworkFilter*,
                                                                  ModuleBuffer name,
                                                                  ModuleBuffer value);
bool envoy_dynamic_module_callback_network_get_filter_state_bytes(EnvoyNetworkFilter*,
                                                                  ModuleBuffer name,
                                                                  EnvoyBuffer* value);
// The bytes of an object of any type that can be written as such, as for HTTP filters.
bool envoy_dynamic_module_callback_network_get_filter_state_typed(EnvoyNetworkFilter*,
                                                                  ModuleBuffer name,
                                                                  EnvoyBuffer* value);
bool envoy_dynamic_module_callback_network_get_dynamic_metadata_string(EnvoyNetworkFilter*,
                                                                       ModuleBuffer filter,
                                                                       ModuleBuffer key,
                                                                       EnvoyBuffer* value);
bool envoy_dynamic_module_callback_network_get_dynamic_metadata_number(EnvoyNetworkFilter*,
                                                                       ModuleBuffer filter,
                                                                       ModuleBuffer key,
                                                                       double* value);
bool envoy_dynamic_module_callback_network_get_dynamic_metadata_bool(EnvoyNetworkFilter*,
                                                                     ModuleBuffer filter,
                                                                     ModuleBuffer key, bool* value);

// A call of one request and one answer, which ends with the connection. Its end is the hook
// http_callout_done.
CallStart envoy_dynamic_module_callback_network_filter_http_callout(
    EnvoyNetworkFilter*, uint64_t* id, ModuleBuffer cluster, ModuleHeader* headers,
    size_t header_count, ModuleBuffer body, uint64_t timeout_milliseconds);

// The hosts of a cluster of that priority. False: there is no such cluster.
bool envoy_dynamic_module_callback_network_filter_get_cluster_host_count(
    EnvoyNetworkFilter*, ModuleBuffer cluster, uint32_t priority, size_t* total, size_t* healthy,
    size_t* degraded);

// Wakes the worker: scheduled() runs there, unless the filter is gone. A scheduler may be used on
// any thread until it is deleted.
EnvoyNetworkScheduler* envoy_dynamic_module_callback_network_filter_scheduler_new(
    EnvoyNetworkFilter*);
void envoy_dynamic_module_callback_network_filter_scheduler_commit(EnvoyNetworkScheduler*,
                                                                   uint64_t event);
void envoy_dynamic_module_callback_network_filter_scheduler_delete(EnvoyNetworkScheduler*);

// The same for the main thread and the filter's configuration: config_scheduled().
EnvoyNetworkConfigScheduler* envoy_dynamic_module_callback_network_filter_config_scheduler_new(
    EnvoyNetworkConfig*);
void envoy_dynamic_module_callback_network_filter_config_scheduler_commit(
    EnvoyNetworkConfigScheduler*, uint64_t event);
void envoy_dynamic_module_callback_network_filter_config_scheduler_delete(
    EnvoyNetworkConfigScheduler*);

// Metrics, defined while the configuration is made and at no other time. Thread: main.
MetricsResult envoy_dynamic_module_callback_network_filter_config_define_counter(
    EnvoyNetworkConfig*, ModuleBuffer name, size_t* id);
MetricsResult envoy_dynamic_module_callback_network_filter_config_define_gauge(EnvoyNetworkConfig*,
                                                                               ModuleBuffer name,
                                                                               size_t* id);
MetricsResult envoy_dynamic_module_callback_network_filter_config_define_histogram(
    EnvoyNetworkConfig*, ModuleBuffer name, size_t* id);
// Thread: any.
MetricsResult envoy_dynamic_module_callback_network_filter_config_increment_counter(
    EnvoyNetworkConfig*, size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_network_filter_config_increment_gauge(
    EnvoyNetworkConfig*, size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_network_filter_config_decrement_gauge(
    EnvoyNetworkConfig*, size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_network_filter_config_set_gauge(EnvoyNetworkConfig*,
                                                                            size_t id,
                                                                            uint64_t value);
MetricsResult envoy_dynamic_module_callback_network_filter_config_record_histogram_value(
    EnvoyNetworkConfig*, size_t id, uint64_t value);
}

}  // namespace weir::envoy_plane

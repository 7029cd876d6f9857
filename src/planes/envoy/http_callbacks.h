#pragma once
// What Envoy offers to HTTP filters. Thread: the filter's worker, unless said otherwise.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

// Nanoseconds; all but the first are since the start. What is not known has not happened.
struct StreamTimes {
  int64_t start;  // since 1970-01-01 UTC
  int64_t connection_begin;
  int64_t handshake_start;
  int64_t handshake_complete;
  int64_t last_header_received;
  int64_t last_received;
  int64_t upstream_connect_start;
  int64_t upstream_connect_complete;
  int64_t upstream_handshake_complete;
  int64_t first_upstream_sent;
  int64_t last_upstream_sent;
  int64_t first_upstream_received;
  int64_t first_upstream_body_received;
  int64_t last_upstream_received;
  int64_t first_sent;
  int64_t last_sent;
  int64_t last_ack_received;
  int64_t request_complete;
  int64_t connection_end;
  bool knows_start;
  bool knows_connection_begin;
  bool knows_handshake_start;
  bool knows_handshake_complete;
  bool knows_last_header_received;
  bool knows_last_received;
  bool knows_upstream_connect_start;
  bool knows_upstream_connect_complete;
  bool knows_upstream_handshake_complete;
  bool knows_first_upstream_sent;
  bool knows_last_upstream_sent;
  bool knows_first_upstream_received;
  bool knows_first_upstream_body_received;
  bool knows_last_upstream_received;
  bool knows_first_sent;
  bool knows_last_sent;
  bool knows_last_ack_received;
  bool knows_request_complete;
  bool knows_connection_end;
};
static_assert(sizeof(StreamTimes) == 176);

// Not before Envoy 1.40.
inline constexpr const char* kGetStreamTimes = "envoy_dynamic_module_callback_http_get_timing_info";
using GetStreamTimes = void(EnvoyHttpFilter*, StreamTimes*);

extern "C" {

// Headers and trailers. A map that is not there has no entries. Names are lowered by Envoy.
bool envoy_dynamic_module_callback_http_get_header(EnvoyHttpFilter*, HeaderType, ModuleBuffer name,
                                                   EnvoyBuffer* value, size_t index, size_t* count);
size_t envoy_dynamic_module_callback_http_get_headers_size(EnvoyHttpFilter*, HeaderType);
bool envoy_dynamic_module_callback_http_get_headers(EnvoyHttpFilter*, HeaderType, EnvoyHeader* all);
// False for an empty value: Envoy takes none here.
bool envoy_dynamic_module_callback_http_add_header(EnvoyHttpFilter*, HeaderType, ModuleBuffer name,
                                                   ModuleBuffer value);
// An empty value removes every entry of that name.
bool envoy_dynamic_module_callback_http_set_header(EnvoyHttpFilter*, HeaderType, ModuleBuffer name,
                                                   ModuleBuffer value);

// Bodies. A chunk is a piece of memory, valid until the body changes.
size_t envoy_dynamic_module_callback_http_get_body_size(EnvoyHttpFilter*, BodyType);
size_t envoy_dynamic_module_callback_http_get_body_chunks_size(EnvoyHttpFilter*, BodyType);
bool envoy_dynamic_module_callback_http_get_body_chunks(EnvoyHttpFilter*, BodyType,
                                                        EnvoyBuffer* chunks);
bool envoy_dynamic_module_callback_http_append_body(EnvoyHttpFilter*, BodyType, ModuleBuffer data);
bool envoy_dynamic_module_callback_http_drain_body(EnvoyHttpFilter*, BodyType, size_t bytes);
// Whether what the event brought is what was buffered before: it comes again after a stop.
bool envoy_dynamic_module_callback_http_received_buffered_request_body(EnvoyHttpFilter*);
bool envoy_dynamic_module_callback_http_received_buffered_response_body(EnvoyHttpFilter*);

// Acts on the stream. Any of these may run other filters, and end and destroy this one, before it
// returns.
void envoy_dynamic_module_callback_http_send_response(EnvoyHttpFilter*, uint32_t status,
                                                      ModuleHeader* headers, size_t header_count,
                                                      ModuleBuffer body, ModuleBuffer details);
void envoy_dynamic_module_callback_http_filter_continue_decoding(EnvoyHttpFilter*);
void envoy_dynamic_module_callback_http_filter_continue_encoding(EnvoyHttpFilter*);
void envoy_dynamic_module_callback_http_filter_reset_stream(EnvoyHttpFilter*, StreamReset,
                                                            ModuleBuffer details);
void envoy_dynamic_module_callback_http_clear_route_cache(EnvoyHttpFilter*);
// The configuration of the route, the virtual host or the whole, whichever is nearest; or null.
const void* envoy_dynamic_module_callback_get_most_specific_route_config(EnvoyHttpFilter*);

// What is known of the stream.
bool envoy_dynamic_module_callback_http_filter_get_attribute_string(EnvoyHttpFilter*, AttributeId,
                                                                    EnvoyBuffer* value);
bool envoy_dynamic_module_callback_http_filter_get_attribute_int(EnvoyHttpFilter*, AttributeId,
                                                                 uint64_t* value);
bool envoy_dynamic_module_callback_http_filter_get_attribute_bool(EnvoyHttpFilter*, AttributeId,
                                                                  bool* value);
bool envoy_dynamic_module_callback_http_get_cluster_name(EnvoyHttpFilter*, EnvoyBuffer* name);

// Filter state: strings by name, and objects of modules, which only modules see.
bool envoy_dynamic_module_callback_http_set_filter_state_bytes(EnvoyHttpFilter*, ModuleBuffer name,
                                                               ModuleBuffer value);
bool envoy_dynamic_module_callback_http_get_filter_state_bytes(EnvoyHttpFilter*, ModuleBuffer name,
                                                               EnvoyBuffer* value);
// The bytes of an object of any type that can be written as such. Envoy makes them for each
// question and keeps them with the stream.
bool envoy_dynamic_module_callback_http_get_filter_state_typed(EnvoyHttpFilter*, ModuleBuffer name,
                                                               EnvoyBuffer* value);
using FilterStateDestructor = void (*)(void*);
enum class FilterStateLife : int32_t { FilterChain, Request, Connection };
// Envoy calls the destructor once, whatever this returns.
bool envoy_dynamic_module_callback_http_set_filter_state_object(EnvoyHttpFilter*, ModuleBuffer name,
                                                                void* object, FilterStateDestructor,
                                                                FilterStateLife);
void* envoy_dynamic_module_callback_http_get_filter_state_object(EnvoyHttpFilter*,
                                                                 ModuleBuffer name);

bool envoy_dynamic_module_callback_http_set_dynamic_metadata_number(EnvoyHttpFilter*,
                                                                    ModuleBuffer filter,
                                                                    ModuleBuffer key, double value);

// Metadata, of which these kinds of value can be read.
bool envoy_dynamic_module_callback_http_get_metadata_string(EnvoyHttpFilter*, MetadataSource,
                                                            ModuleBuffer filter, ModuleBuffer key,
                                                            EnvoyBuffer* value);
bool envoy_dynamic_module_callback_http_get_metadata_number(EnvoyHttpFilter*, MetadataSource,
                                                            ModuleBuffer filter, ModuleBuffer key,
                                                            double* value);
bool envoy_dynamic_module_callback_http_get_metadata_bool(EnvoyHttpFilter*, MetadataSource,
                                                          ModuleBuffer filter, ModuleBuffer key,
                                                          bool* value);
// False and no error in the log where it is no list. Of an element of another kind, the log tells
// at level info.
bool envoy_dynamic_module_callback_http_get_metadata_list_size(EnvoyHttpFilter*, MetadataSource,
                                                               ModuleBuffer filter,
                                                               ModuleBuffer key, size_t* size);
bool envoy_dynamic_module_callback_http_get_metadata_list_string(EnvoyHttpFilter*, MetadataSource,
                                                                 ModuleBuffer filter,
                                                                 ModuleBuffer key, size_t index,
                                                                 EnvoyBuffer* value);
bool envoy_dynamic_module_callback_http_get_metadata_list_number(EnvoyHttpFilter*, MetadataSource,
                                                                 ModuleBuffer filter,
                                                                 ModuleBuffer key, size_t index,
                                                                 double* value);
bool envoy_dynamic_module_callback_http_get_metadata_list_bool(EnvoyHttpFilter*, MetadataSource,
                                                               ModuleBuffer filter,
                                                               ModuleBuffer key, size_t index,
                                                               bool* value);

// Wakes the filter's worker: scheduled() runs there, unless the filter is gone. A scheduler may be
// used on any thread until it is deleted.
EnvoyHttpScheduler* envoy_dynamic_module_callback_http_filter_scheduler_new(EnvoyHttpFilter*);
void envoy_dynamic_module_callback_http_filter_scheduler_commit(EnvoyHttpScheduler*,
                                                                uint64_t event);
void envoy_dynamic_module_callback_http_filter_scheduler_delete(EnvoyHttpScheduler*);

// Streams to clusters, which end with the filter.
CallStart envoy_dynamic_module_callback_http_filter_start_http_stream(
    EnvoyHttpFilter*, uint64_t* id, ModuleBuffer cluster, ModuleHeader* headers,
    size_t header_count, ModuleBuffer body, bool end_of_stream, uint64_t timeout_milliseconds);
void envoy_dynamic_module_callback_http_filter_reset_http_stream(EnvoyHttpFilter*, uint64_t id);
bool envoy_dynamic_module_callback_http_stream_send_data(EnvoyHttpFilter*, uint64_t id,
                                                         ModuleBuffer data, bool end_of_stream);
bool envoy_dynamic_module_callback_http_stream_send_trailers(EnvoyHttpFilter*, uint64_t id,
                                                             ModuleHeader* trailers, size_t count);
}

}  // namespace weir::envoy_plane

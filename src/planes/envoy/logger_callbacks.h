#pragma once
// What Envoy offers to access loggers, while one logs. Thread: that of the stream that is logged.

#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

// Nanoseconds; the durations are since the start, and -1 where it has not happened.
struct LoggedTimes {
  int64_t start;  // since 1970-01-01 UTC
  int64_t request_complete;
  int64_t first_upstream_sent;
  int64_t last_upstream_sent;
  int64_t first_upstream_received;
  int64_t last_upstream_received;
  int64_t first_downstream_sent;
  int64_t last_downstream_sent;
};

struct LoggedBytes {
  uint64_t received;  // from the client
  uint64_t sent;      // to it
  uint64_t wire_received;
  uint64_t wire_sent;
};

// What happened that is logged.
enum class LogType : int32_t {
  NotSet,
  TcpUpstreamConnected,
  TcpPeriodic,
  TcpConnectionEnd,
  DownstreamStart,
  DownstreamPeriodic,
  DownstreamEnd,
  UpstreamPoolReady,
  UpstreamPeriodic,
  UpstreamEnd,
  DownstreamTunnelEstablished,
  UdpTunnelConnected,
  UdpPeriodic,
  UdpSessionEnd,
};

extern "C" {

// Maps that are not there have no entries.
size_t envoy_dynamic_module_callback_access_logger_get_headers_size(EnvoyLogger*, HeaderType);
bool envoy_dynamic_module_callback_access_logger_get_headers(EnvoyLogger*, HeaderType,
                                                             EnvoyHeader* all);
bool envoy_dynamic_module_callback_access_logger_get_header_value(EnvoyLogger*, HeaderType,
                                                                  ModuleBuffer name,
                                                                  EnvoyBuffer* value, size_t index,
                                                                  size_t* count);

bool envoy_dynamic_module_callback_access_logger_get_attribute_string(EnvoyLogger*, AttributeId,
                                                                      EnvoyBuffer* value);
bool envoy_dynamic_module_callback_access_logger_get_attribute_int(EnvoyLogger*, AttributeId,
                                                                   uint64_t* value);
bool envoy_dynamic_module_callback_access_logger_get_attribute_bool(EnvoyLogger*, AttributeId,
                                                                    bool* value);
bool envoy_dynamic_module_callback_access_logger_get_upstream_cluster(EnvoyLogger*,
                                                                      EnvoyBuffer* name);
// Addresses are without their ports.
bool envoy_dynamic_module_callback_access_logger_get_downstream_remote_address(EnvoyLogger*,
                                                                               EnvoyBuffer* address,
                                                                               uint32_t* port);
bool envoy_dynamic_module_callback_access_logger_get_downstream_local_address(EnvoyLogger*,
                                                                              EnvoyBuffer* address,
                                                                              uint32_t* port);
void envoy_dynamic_module_callback_access_logger_get_timing_info(EnvoyLogger*, LoggedTimes*);
// How long the stream has waited for a connection to the upstream. Negative: it has not had one.
int64_t envoy_dynamic_module_callback_access_logger_get_upstream_pool_ready_duration_ns(
    EnvoyLogger*);
void envoy_dynamic_module_callback_access_logger_get_bytes_info(EnvoyLogger*, LoggedBytes*);
uint64_t envoy_dynamic_module_callback_access_logger_get_request_headers_bytes(EnvoyLogger*);
uint64_t envoy_dynamic_module_callback_access_logger_get_response_headers_bytes(EnvoyLogger*);
uint64_t envoy_dynamic_module_callback_access_logger_get_response_trailers_bytes(EnvoyLogger*);

// The key is a path with '.' between its parts.
bool envoy_dynamic_module_callback_access_logger_get_dynamic_metadata(EnvoyLogger*,
                                                                      ModuleBuffer filter,
                                                                      ModuleBuffer key,
                                                                      EnvoyBuffer* value);
bool envoy_dynamic_module_callback_access_logger_get_dynamic_metadata_number(EnvoyLogger*,
                                                                             ModuleBuffer filter,
                                                                             ModuleBuffer key,
                                                                             double* value);
bool envoy_dynamic_module_callback_access_logger_get_dynamic_metadata_bool(EnvoyLogger*,
                                                                           ModuleBuffer filter,
                                                                           ModuleBuffer key,
                                                                           bool* value);

// Metrics, defined while the configuration is made and at no other time. Thread: main.
MetricsResult envoy_dynamic_module_callback_access_logger_config_define_counter(EnvoyLoggerConfig*,
                                                                                ModuleBuffer name,
                                                                                size_t* id);
MetricsResult envoy_dynamic_module_callback_access_logger_config_define_gauge(EnvoyLoggerConfig*,
                                                                              ModuleBuffer name,
                                                                              size_t* id);
MetricsResult envoy_dynamic_module_callback_access_logger_config_define_histogram(
    EnvoyLoggerConfig*, ModuleBuffer name, size_t* id);
// Thread: any.
MetricsResult envoy_dynamic_module_callback_access_logger_increment_counter(EnvoyLoggerConfig*,
                                                                            size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_access_logger_increment_gauge(EnvoyLoggerConfig*,
                                                                          size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_access_logger_decrement_gauge(EnvoyLoggerConfig*,
                                                                          size_t id, uint64_t by);
MetricsResult envoy_dynamic_module_callback_access_logger_set_gauge(EnvoyLoggerConfig*, size_t id,
                                                                    uint64_t value);
MetricsResult envoy_dynamic_module_callback_access_logger_record_histogram_value(EnvoyLoggerConfig*,
                                                                                 size_t id,
                                                                                 uint64_t value);
}

}  // namespace weir::envoy_plane

#include "planes/envoy/needed_callbacks.h"

#include <dlfcn.h>

#include <span>
#include <string>

namespace weir::envoy_plane {
namespace {

// What the headers named *_callbacks.h declare, less "envoy_dynamic_module_callback_".
constexpr const char* kModule[] = {
    "get_log_level",
    "log",
};
constexpr const char* kHttpFilter[] = {
    "get_most_specific_route_config",
    "http_add_header",
    "http_append_body",
    "http_clear_route_cache",
    "http_drain_body",
    "http_filter_config_decrement_gauge",
    "http_filter_config_define_counter",
    "http_filter_config_define_gauge",
    "http_filter_config_define_histogram",
    "http_filter_config_increment_counter",
    "http_filter_config_increment_gauge",
    "http_filter_config_record_histogram_value",
    "http_filter_config_reset_http_stream",
    "http_filter_config_scheduler_commit",
    "http_filter_config_scheduler_delete",
    "http_filter_config_scheduler_new",
    "http_filter_config_set_gauge",
    "http_filter_config_start_http_stream",
    "http_filter_config_stream_send_data",
    "http_filter_config_stream_send_trailers",
    "http_filter_continue_decoding",
    "http_filter_continue_encoding",
    "http_filter_get_attribute_bool",
    "http_filter_get_attribute_int",
    "http_filter_get_attribute_string",
    "http_filter_reset_http_stream",
    "http_filter_reset_stream",
    "http_filter_scheduler_commit",
    "http_filter_scheduler_delete",
    "http_filter_scheduler_new",
    "http_filter_start_http_stream",
    "http_get_body_chunks",
    "http_get_body_chunks_size",
    "http_get_body_size",
    "http_get_cluster_name",
    "http_get_filter_state_bytes",
    "http_get_filter_state_object",
    "http_get_filter_state_typed",
    "http_get_header",
    "http_get_headers",
    "http_get_headers_size",
    "http_get_metadata_bool",
    "http_get_metadata_list_bool",
    "http_get_metadata_list_number",
    "http_get_metadata_list_size",
    "http_get_metadata_list_string",
    "http_get_metadata_number",
    "http_get_metadata_string",
    "http_received_buffered_request_body",
    "http_received_buffered_response_body",
    "http_send_response",
    "http_set_dynamic_metadata_number",
    "http_set_filter_state_bytes",
    "http_set_filter_state_object",
    "http_set_header",
    "http_stream_send_data",
    "http_stream_send_trailers",
};
constexpr const char* kNetworkFilter[] = {
    "network_filter_append_read_buffer",
    "network_filter_append_write_buffer",
    "network_filter_close_with_details",
    "network_filter_config_decrement_gauge",
    "network_filter_config_define_counter",
    "network_filter_config_define_gauge",
    "network_filter_config_define_histogram",
    "network_filter_config_increment_counter",
    "network_filter_config_increment_gauge",
    "network_filter_config_record_histogram_value",
    "network_filter_config_scheduler_commit",
    "network_filter_config_scheduler_delete",
    "network_filter_config_scheduler_new",
    "network_filter_config_set_gauge",
    "network_filter_continue_reading",
    "network_filter_drain_read_buffer",
    "network_filter_drain_write_buffer",
    "network_filter_get_attribute_bool",
    "network_filter_get_attribute_int",
    "network_filter_get_attribute_string",
    "network_filter_get_buffer_limit",
    "network_filter_get_cluster_host_count",
    "network_filter_get_local_address",
    "network_filter_get_read_buffer_chunks",
    "network_filter_get_read_buffer_chunks_size",
    "network_filter_get_read_buffer_size",
    "network_filter_get_remote_address",
    "network_filter_get_upstream_host_cluster",
    "network_filter_get_write_buffer_chunks",
    "network_filter_get_write_buffer_chunks_size",
    "network_filter_get_write_buffer_size",
    "network_filter_http_callout",
    "network_filter_inject_read_data",
    "network_filter_inject_write_data",
    "network_filter_read_disable",
    "network_filter_scheduler_commit",
    "network_filter_scheduler_delete",
    "network_filter_scheduler_new",
    "network_get_dynamic_metadata_bool",
    "network_get_dynamic_metadata_number",
    "network_get_dynamic_metadata_string",
    "network_get_filter_state_bytes",
    "network_get_filter_state_typed",
    "network_set_filter_state_bytes",
};
constexpr const char* kAccessLogger[] = {
    "access_logger_config_define_counter",
    "access_logger_config_define_gauge",
    "access_logger_config_define_histogram",
    "access_logger_decrement_gauge",
    "access_logger_get_attribute_bool",
    "access_logger_get_attribute_int",
    "access_logger_get_attribute_string",
    "access_logger_get_bytes_info",
    "access_logger_get_downstream_local_address",
    "access_logger_get_downstream_remote_address",
    "access_logger_get_dynamic_metadata",
    "access_logger_get_dynamic_metadata_bool",
    "access_logger_get_dynamic_metadata_number",
    "access_logger_get_header_value",
    "access_logger_get_headers",
    "access_logger_get_headers_size",
    "access_logger_get_request_headers_bytes",
    "access_logger_get_response_headers_bytes",
    "access_logger_get_response_trailers_bytes",
    "access_logger_get_timing_info",
    "access_logger_get_upstream_cluster",
    "access_logger_get_upstream_pool_ready_duration_ns",
    "access_logger_increment_counter",
    "access_logger_increment_gauge",
    "access_logger_record_histogram_value",
    "access_logger_set_gauge",
};
constexpr const char* kBootstrap[] = {
    "bootstrap_extension_config_decrement_gauge",
    "bootstrap_extension_config_define_counter",
    "bootstrap_extension_config_define_gauge",
    "bootstrap_extension_config_define_histogram",
    "bootstrap_extension_config_increment_counter",
    "bootstrap_extension_config_increment_gauge",
    "bootstrap_extension_config_record_histogram_value",
    "bootstrap_extension_config_scheduler_commit",
    "bootstrap_extension_config_scheduler_delete",
    "bootstrap_extension_config_scheduler_new",
    "bootstrap_extension_config_set_gauge",
    "bootstrap_extension_config_signal_init_complete",
    "bootstrap_extension_http_callout",
};
constexpr const char* kCluster[] = {
    "cluster_http_callout",     "cluster_pre_init_complete", "cluster_run_on_all_workers",
    "cluster_scheduler_commit", "cluster_scheduler_delete",  "cluster_scheduler_new",
};

std::span<const char* const> needed_by(Part part) {
  switch (part) {
    case Part::Module:
      return kModule;
    case Part::HttpFilter:
      return kHttpFilter;
    case Part::NetworkFilter:
      return kNetworkFilter;
    case Part::AccessLogger:
      return kAccessLogger;
    case Part::Bootstrap:
      return kBootstrap;
    case Part::Cluster:
      return kCluster;
  }
  return {};
}

}  // namespace

Done check_callbacks(Part part) {
  std::string missing;
  for (const char* name : needed_by(part)) {
    const std::string symbol = std::string("envoy_dynamic_module_callback_") + name;
    if (dlsym(RTLD_DEFAULT, symbol.c_str()) == nullptr) missing += " " + symbol;
  }
  if (missing.empty()) return Unit{};
  return Error{ErrorCode::Unsupported, "libweir-envoy.so is made for Envoy 1.40; this one lacks" +
                                           missing + ": use the module of a Weir that knows it"};
}

}  // namespace weir::envoy_plane

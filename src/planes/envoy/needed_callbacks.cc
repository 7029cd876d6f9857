#include "planes/envoy/needed_callbacks.h"

#include <dlfcn.h>

#include <cstdio>
#include <string>

namespace weir::envoy_plane {
namespace {

// All that the headers named *_callbacks.h declare, less "envoy_dynamic_module_callback_".
constexpr const char* kNeeded[] = {
    "cluster_pre_init_complete",
    "cluster_run_on_all_workers",
    "cluster_scheduler_commit",
    "cluster_scheduler_delete",
    "cluster_scheduler_new",
    "get_log_level",
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
    "http_get_header",
    "http_get_headers",
    "http_get_headers_size",
    "http_get_metadata_bool",
    "http_get_metadata_number",
    "http_get_metadata_string",
    "http_received_buffered_request_body",
    "http_received_buffered_response_body",
    "http_send_response",
    "http_set_filter_state_bytes",
    "http_set_filter_state_object",
    "http_set_header",
    "http_stream_send_data",
    "http_stream_send_trailers",
    "log",
};

}  // namespace

bool has_needed_callbacks() {
  std::string missing;
  for (const char* name : kNeeded) {
    const std::string symbol = std::string("envoy_dynamic_module_callback_") + name;
    if (dlsym(RTLD_DEFAULT, symbol.c_str()) == nullptr) missing += " " + symbol;
  }
  if (missing.empty()) return true;
  // Envoy's log may be among what is missing.
  std::fprintf(stderr,
               "libweir-envoy.so is made for Envoy 1.40; this one lacks%s: use the module of a "
               "Weir that knows it\n",
               missing.c_str());
  return false;
}

}  // namespace weir::envoy_plane

#pragma once
// From the messages of HTTP filters to the settings of their plugins.

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "base/result.h"
#include "config/plugin_config.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/http_connection_manager.pb.h"

namespace weir::config {

// Whose they are: that decides what the last one has to be, which sends requests on.
enum class HttpFiltersOf : uint8_t {
  Listener,  // the router
  Cluster,   // the upstream codec
};

// In the order in which requests pass them, without the last. `at` is the list.
Result<std::vector<PluginSettings>> read_http_filters(
    const google::protobuf::RepeatedPtrField<
        envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter>& filters,
    HttpFiltersOf of, const Environment& environment, const Place& at);

}  // namespace weir::config

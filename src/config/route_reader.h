#pragma once
// From the messages of routes to their settings.

#include <set>
#include <string>

#include "base/result.h"
#include "config/cluster_names.h"
#include "config/plugin_reader.h"
#include "config/routes.h"
#include "config/source_map.h"
#include "weir/envoy/route.pb.h"

namespace weir::config {

// Meets requirements.h. `clusters` are the names that a route may give,
// `filters` those of the HTTP filters.
Result<RouteConfiguration> read_routes(const envoy::config::route::v3::RouteConfiguration& message,
                                       const ClusterNames& clusters,
                                       const std::set<std::string>& filters,
                                       const Environment& environment, const Place& at);

}  // namespace weir::config

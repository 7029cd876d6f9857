#pragma once
// From the messages of routes to their settings.

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/source_map.h"
#include "weir/envoy/route.pb.h"

namespace weir::config {

// Meets requirements.h. `clusters` are the names that a route may give.
Result<std::vector<VirtualHost>> read_virtual_hosts(
    const envoy::config::route::v3::RouteConfiguration& message,
    const std::set<std::string>& clusters, const Place& at);

}  // namespace weir::config

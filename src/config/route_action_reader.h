#pragma once
// From the messages of what becomes of a request to their settings.

#include <string>

#include "base/result.h"
#include "config/cluster_names.h"
#include "config/plugin_reader.h"
#include "config/routes.h"
#include "config/source_map.h"
#include "weir/envoy/route.pb.h"

namespace weir::config {

Result<RetryPolicy> read_retry_policy(const envoy::config::route::v3::RetryPolicy& message,
                                      const Place& at);

// `path` is what the route matches.
Result<Forward> read_forward(const envoy::config::route::v3::RouteAction& message,
                             const PathMatch& path, const ClusterNames& clusters, const Place& at);

Result<Redirect> read_redirect(const envoy::config::route::v3::RedirectAction& message,
                               const PathMatch& path, const Place& at);

Result<DirectResponse> read_direct_response(
    const envoy::config::route::v3::DirectResponseAction& message, const Environment& environment,
    const Place& at);

}  // namespace weir::config

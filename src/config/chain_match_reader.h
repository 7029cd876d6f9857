#pragma once
// From the messages that choose connections for filter chains to their settings.

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/source_map.h"
#include "weir/envoy/listener.pb.h"

namespace weir::config {

Result<FilterChainMatch> read_chain_match(
    const envoy::config::listener::v3::FilterChainMatch& message, const Place& at);

}  // namespace weir::config

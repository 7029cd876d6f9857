#pragma once
// From the messages of filter chains to their settings.

#include <set>
#include <string>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/listener.pb.h"

namespace weir::config {

// Meets requirements.h. `clusters` are the names that routes may give.
Result<FilterChain> read_filter_chain(const envoy::config::listener::v3::FilterChain& message,
                                      const std::set<std::string>& clusters,
                                      const Environment& environment, const Place& at);

}  // namespace weir::config

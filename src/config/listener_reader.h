#pragma once
// From the messages of listeners to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/listener.pb.h"

namespace weir::config {

// Meets requirements.h. `clusters` are the names that routes may give.
Result<std::vector<Listener>> read_listeners(
    const google::protobuf::RepeatedPtrField<envoy::config::listener::v3::Listener>& messages,
    const std::set<std::string>& clusters, const Environment& environment, const Place& at);

}  // namespace weir::config

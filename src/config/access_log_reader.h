#pragma once
// From the messages of access logs to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "base/result.h"
#include "config/access_log.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/accesslog.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<std::vector<AccessLog>> read_access_logs(
    const google::protobuf::RepeatedPtrField<envoy::config::accesslog::v3::AccessLog>& messages,
    const Environment& environment, const Place& at);

}  // namespace weir::config

#pragma once
// From the messages of health checks to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/source_map.h"
#include "weir/envoy/health_check.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<std::vector<HealthCheck>> read_health_checks(
    const google::protobuf::RepeatedPtrField<envoy::config::core::v3::HealthCheck>& messages,
    const Place& at);

}  // namespace weir::config

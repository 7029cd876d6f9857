#pragma once
// From the message of outlier detection to its settings.

#include "base/result.h"
#include "config/outlier_detection.h"
#include "config/source_map.h"
#include "weir/envoy/outlier_detection.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<OutlierDetection> read_outlier_detection(
    const envoy::config::cluster::v3::OutlierDetection& message, const Place& at);

}  // namespace weir::config

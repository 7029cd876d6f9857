#pragma once
// From the messages of access log filters to conditions.

#include "base/result.h"
#include "config/access_log.h"
#include "config/source_map.h"
#include "weir/envoy/accesslog.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<LogFilter> read_log_filter(const envoy::config::accesslog::v3::AccessLogFilter& message,
                                  const Place& at);

}  // namespace weir::config

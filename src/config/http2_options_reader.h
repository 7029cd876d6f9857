#pragma once
// Reads what messages say of HTTP/2 and of connections.

#include "base/result.h"
#include "config/http2_options.h"
#include "config/source_map.h"
#include "weir/envoy/protocol.pb.h"

namespace weir::config {

Result<Http2Options> read_http2_options(
    const envoy::config::core::v3::Http2ProtocolOptions& message, const Place& at);

Result<ConnectionLimits> read_connection_limits(
    const envoy::config::core::v3::HttpProtocolOptions& message, const Place& at);

}  // namespace weir::config

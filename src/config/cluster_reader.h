#pragma once
// From the messages of clusters to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/cluster.pb.h"

namespace weir::config {

// Meets requirements.h. What is still wrong is an error at the field.
Result<std::vector<Cluster>> read_clusters(
    const google::protobuf::RepeatedPtrField<envoy::config::cluster::v3::Cluster>& messages,
    const Environment& environment, const Place& at);

// The port fits (requirements.h); UDP is refused.
Result<SocketAddress> read_address(const envoy::config::core::v3::Address& message,
                                   const Place& at);

// The same for one that has to be an IP address.
Result<SocketAddress> read_ip_address(const envoy::config::core::v3::Address& message,
                                      const Place& at);

}  // namespace weir::config

#pragma once
// The fields of Envoy's HttpConnectionManager that say how URIs are written anew.

#include "base/result.h"
#include "config/source_map.h"
#include "config/uri_rules.h"
#include "weir/envoy/http_connection_manager.pb.h"

namespace weir::config {

Result<UriRules> read_uri_rules(
    const envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager&
        manager,
    const Place& at);

}  // namespace weir::config

#pragma once
// Code is fetched from the servers of a cluster, as Envoy does it.

#include <filesystem>

#include "base/log.h"
#include "config/bootstrap.h"
#include "planes/common/code_supply.h"

namespace weir::serve {

// Routes to clusters: their endpoints, HTTP version and TLS, whose files lie from `base_dir` on.
// Those of one cluster are one, as long as somebody has it.
planes::CodeSupply::FindRoute cluster_routes(std::filesystem::path base_dir);

// Says of code whose http_uri.cluster is no cluster that it is fetched by its uri, where the name
// looks like that of a cluster with a mistake in it.
void warn_of_misspelt_clusters(const config::ServeSettings& settings, Logger& logger);

}  // namespace weir::serve

#pragma once
// Code is fetched from the servers of a cluster, as Envoy does it.

#include <filesystem>

#include "planes/common/code_supply.h"

namespace weir::serve {

// Routes to clusters: their endpoints, HTTP version and TLS, whose files lie from `base_dir` on.
// Those of one cluster are one, as long as somebody has it.
planes::CodeSupply::FindRoute cluster_routes(std::filesystem::path base_dir);

}  // namespace weir::serve

#pragma once
// The clusters that other parts of a configuration may name.

#include <set>
#include <string>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::config {

using ClusterNames = std::set<std::string>;

// The error at `at`, where `name` stands, tells what was meant.
Done check_cluster(const std::string& name, const ClusterNames& clusters, const Place& at);

}  // namespace weir::config

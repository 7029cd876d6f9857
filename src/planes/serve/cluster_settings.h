#pragma once
// From what a configuration says of a cluster to what makes one.

#include "config/bootstrap.h"
#include "planes/serve/cluster.h"

namespace weir::serve {

// All but TLS, whose context is shared by workers, and where to count.
ClusterSettings cluster_settings(const config::Cluster& cluster);

}  // namespace weir::serve

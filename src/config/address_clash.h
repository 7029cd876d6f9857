#pragma once
// Addresses of one configuration that cannot be listened on beside each other.

#include "base/result.h"
#include "config/bootstrap.h"

namespace weir::config {

// The error stands at the later one and names the other. Listeners may overlap, as 0.0.0.0:80 and
// 127.0.0.1:80: a connection is then for the one that says more. The admin port, which is bound
// without others beside it, may not.
Done check_addresses(const ServeSettings& settings);

}  // namespace weir::config

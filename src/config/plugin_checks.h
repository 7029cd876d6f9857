#pragma once
// What plugins say that has to fit what else is in the same configuration.

#include "base/result.h"
#include "config/bootstrap.h"

namespace weir::config {

// Refuses a singleton whose VM another plugin would share, or that is to have an instance for each
// stream; and a plugin whose calls are to go to a cluster that there is not.
Done check_plugins(const ServeSettings& settings);

}  // namespace weir::config

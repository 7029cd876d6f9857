#pragma once
// A configuration tried out without serving it.

#include "config/bootstrap.h"
#include "planes/common/plugin_trial.h"

namespace weir::serve {

// Does with each plugin what happens before the first request (planes::try_plugin()). Binds no
// address, writes no access log and calls no upstream. Blocks.
planes::CheckReport check_settings(const config::ServeSettings& settings,
                                   const planes::CodeSupply& supply, runtime::Host& host);

}  // namespace weir::serve

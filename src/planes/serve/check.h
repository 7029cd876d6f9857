#pragma once
// A configuration tried out without serving it.

#include <string>
#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "planes/common/code_supply.h"
#include "runtime/host.h"

namespace weir::serve {

struct CheckReport {
  std::vector<std::string> passed;  // a line for each part that can be served
  std::vector<Error> errors;        // of each part that cannot
};

// Does with each plugin what happens before the first request: reads or fetches its code, compiles,
// links, starts and configures it. Binds no address, writes no access log and calls no upstream.
// Blocks.
CheckReport check_settings(const config::ServeSettings& settings, const planes::CodeSupply& supply,
                           runtime::Host& host);

}  // namespace weir::serve

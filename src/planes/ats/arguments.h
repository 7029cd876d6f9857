#pragma once
// What stands behind the plugin's name in the server's configuration.

#include <string>
#include <vector>

#include "base/result.h"

namespace weir::ats_plane {

// The files, at least one. `arguments` are all but the plugin's own name.
Result<std::vector<std::string>> read_arguments(int count, const char* const* arguments);

}  // namespace weir::ats_plane

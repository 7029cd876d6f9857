#pragma once
// Plugins that are named on the command line.

#include <string>

#include "base/result.h"

namespace weir::cli {

// A whole file. The error names the file and what is wrong with it.
Result<std::string> read_file(const std::string& path);

}  // namespace weir::cli

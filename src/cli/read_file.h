#pragma once
// Plugins that are named on the command line.

#include <string>

#include "base/result.h"

namespace weir::cli {

// A whole file, which may be a pipe; "-" is standard input. The error names the file, what is wrong
// with it and what to do.
Result<std::string> read_file(const std::string& path);

// A pipe or its like, standard input perhaps, which gives what it holds but once.
bool can_be_read_once(const std::string& path);

}  // namespace weir::cli

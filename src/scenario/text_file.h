#pragma once
// Files that scenarios are in, or name.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace weir::scenario {

// All of it. The error is "cannot be read", for a folder or a device as well.
Result<std::string> read_text_file(const std::filesystem::path& file);

}  // namespace weir::scenario

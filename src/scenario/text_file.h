#pragma once
// Files that scenarios are in, or name.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace weir::scenario {

// All of it, up to 512 MiB. The error is that it cannot be read, and why.
Result<std::string> read_text_file(const std::filesystem::path& file);

}  // namespace weir::scenario

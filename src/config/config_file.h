#pragma once
// The files that configurations are in.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/whole_file.h"

namespace weir::config {

// What is in one, up to kMaxFileBytes. The error begins with the path, and says what to do.
Result<std::string> read_config_file(const std::filesystem::path& path,
                                     Pipes pipes = Pipes::Refused);

}  // namespace weir::config

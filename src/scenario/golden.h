#pragma once
// Files that hold all that happened in a scenario, to be compared with the next run.

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir::scenario {

enum class GoldenMode : uint8_t {
  Compare,
  Update,  // the file is written where it says something else
};

// Writes the file, and folders on its way.
Done write_golden(const std::filesystem::path& file, const std::string& text);

// What is wrong: the first line that differs, or that there is no file. Empty: it is as the file
// says. The error is for a file that cannot be read or written.
Result<std::string> check_golden(const std::filesystem::path& file, const std::string& transcript,
                                 GoldenMode mode);

}  // namespace weir::scenario

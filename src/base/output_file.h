#pragma once
// Files that are written as a whole, whatever lies at their paths.

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace weir {

// A reader of a regular file sees the old one or the whole new one: it is replaced. So is one that
// symbolic links lead to, where the links stay. Into a device, a pipe and what /dev/stdout stands
// for the bytes are written, as a shell does. The error's message goes behind the path and a colon:
// "No such file or directory", "it is a folder".
Done write_output_file(const std::filesystem::path& path, std::string_view content);

// Whether what is written there gets in between what this process says on standard output.
bool is_standard_output(const std::filesystem::path& path);

}  // namespace weir

#pragma once
// Programs by their names, as a shell finds them.

#include <filesystem>
#include <string_view>

namespace weir::cli {

bool is_program(const std::filesystem::path& file);

// The program of that name in the first folder of PATH that has it. Empty where none has.
std::filesystem::path find_in_path(std::string_view name);

}  // namespace weir::cli

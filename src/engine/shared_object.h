#pragma once
// Looking at a shared object before the dynamic loader does.

#include <filesystem>
#include <string>
#include <vector>

namespace weir::engine {

// Whether the file ends before what its headers place in it, as where a copy was broken off: the
// dynamic loader would map it all the same, and the process end when that is touched. False for
// what is no object of this machine, which the loader refuses itself.
bool is_cut_short(const std::filesystem::path& file);

// The names of the libraries that it cannot be loaded without; none where they cannot be read.
std::vector<std::string> needed_libraries(const std::filesystem::path& file);

}  // namespace weir::engine

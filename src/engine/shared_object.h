#pragma once
// Looking at a shared object before the dynamic loader does.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::engine {

// Whether nobody but the process's user, root and whoever owns `folder`, or a group that they share
// it with, could have written the file, that is there, is a file, and is whole: to load it is to
// run it, and whoever owns a folder that the operator has named is trusted. The error goes on after
// the file's name: "is cut short".
Done check_loadable(const std::filesystem::path& file, const std::filesystem::path& folder);

// Whether the file ends before what its headers place in it, as where a copy was broken off: the
// dynamic loader would map it all the same, and the process end when that is touched. False for
// what is no object of this machine, which the loader refuses itself.
bool is_cut_short(const std::filesystem::path& file);

// Whether something lies there that is no file, such as a pipe, which to open would be to wait for
// whoever writes into it.
bool is_special(const std::filesystem::path& file);

// Whether it is there, and is a program or library of this machine's kind, whose headers can be
// read. The error goes on after the file's name: "is not there".
Done check_object(const std::filesystem::path& file);

// The name that a library goes by, such as "libc.so.6"; empty for what has none.
std::string library_name(const std::filesystem::path& file);

// The names of the libraries that it cannot be loaded without; none where they cannot be read.
std::vector<std::string> needed_libraries(const std::filesystem::path& file);

}  // namespace weir::engine

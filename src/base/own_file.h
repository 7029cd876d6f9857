#pragma once
// Where this very code lies on disk, which is where Weir looks for what belongs to it.

#include <filesystem>

namespace weir {

// The program, or the shared object that Weir is linked into. /proc/self/exe would not do: it is
// the dynamic loader in a process that was started by naming one. Empty where it cannot be told.
std::filesystem::path own_file();

}  // namespace weir

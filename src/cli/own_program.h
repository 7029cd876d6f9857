#pragma once
// How this process was started, so that it can be started again.

#include <span>

#include "planes/serve/successor.h"

namespace weir::cli {

// The file is what was asked for, symbolic links and all, so that a newer program in its place is
// found there: the name where it is a path, else where PATH has it, else the running file itself.
// `arguments`: the program's name first.
serve::Program own_program(std::span<const char* const> arguments);

}  // namespace weir::cli

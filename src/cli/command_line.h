#pragma once
// The `weir` command: its subcommands and what its exit codes mean.

#include <cstdint>

#include "cli/start_again.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace weir::cli {

enum class ExitCode : uint8_t {
  Success = 0,
  Failure = 1,
  Usage = 2,  // the command line itself is wrong, or a file of `weir test`
};

// Parses and runs the command; answers the process's exit code. Errors are one line on standard
// error. `start_again` is for engines that this process cannot run as it was started; without it
// they are not there.
int run_command_line(int argc, const char* const* argv, const StartAgain& start_again = {});

}  // namespace weir::cli

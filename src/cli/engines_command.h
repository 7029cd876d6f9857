#pragma once
// `weir engines`: which engines are there, and what each of them can do.

#include <string>

#include "cli/command_line.h"
#include "engine/engines.h"

namespace weir::cli {

class EnginesCommand {
 public:
  explicit EnginesCommand(CLI::App& app);

  ExitCode run() const;
};

// The table as text: every known engine, or why it is not there.
std::string engines_table(const engine::Engines& engines);

}  // namespace weir::cli

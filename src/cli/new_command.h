#pragma once
// `weir new`: a plugin to begin from.

#include <string>

#include "cli/command_line.h"

namespace weir::cli {

class NewCommand {
 public:
  explicit NewCommand(CLI::App& app);

  bool was_asked_for() const;
  ExitCode run() const;

 private:
  const CLI::App* command_;
  std::string language_;
  std::string name_;
  std::string folder_;
};

}  // namespace weir::cli

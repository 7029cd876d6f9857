#pragma once
// `weir check`: whether a configuration could be served.

#include "cli/command_line.h"
#include "cli/process_host.h"
#include "cli/settings_options.h"

namespace weir::cli {

class CheckCommand {
 public:
  explicit CheckCommand(CLI::App& app);

  bool was_asked_for() const;
  // Prints what was tried to standard output, and each error as a line on standard error.
  ExitCode run(const StartAgain& start_again) const;

 private:
  explicit CheckCommand(CLI::App* command);

  const CLI::App* command_;
  SettingsOptions settings_;
  HostOptions host_;
};

}  // namespace weir::cli

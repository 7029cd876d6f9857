#pragma once
// `weir check`: whether a configuration could be served, by `weir serve` or a foreign server.

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/command_line.h"
#include "cli/process_host.h"
#include "cli/settings_options.h"
#include "planes/common/plugin_trial.h"

namespace weir::cli {

class CheckCommand {
 public:
  explicit CheckCommand(CLI::App& app);

  bool was_asked_for() const;
  // Prints what was tried to standard output, and each error as a line on standard error.
  ExitCode run(const StartAgain& start_again) const;

 private:
  explicit CheckCommand(CLI::App* command);

  // The error is of what no part of can be checked.
  Result<planes::CheckReport> check(ProcessHost& process, const StartAgain& start_again) const;
  Result<planes::CheckReport> check_settings(const config::ServeSettings& settings,
                                             ProcessHost& process,
                                             const StartAgain& start_again) const;
  // Of a file that is Envoy's or Traffic Server's; absent: it is none of these.
  std::optional<Result<planes::CheckReport>> check_foreign(const std::string& text,
                                                           ProcessHost& process) const;

  const CLI::App* command_;
  SettingsOptions settings_;
  HostOptions host_;
  std::string config_folder_;  // of Traffic Server; empty: the file's
};

}  // namespace weir::cli

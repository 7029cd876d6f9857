#include "cli/check_command.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/printable.h"
#include "planes/serve/check.h"
#include "planes/serve/cluster_route.h"

namespace weir::cli {
namespace {

// One line each, whatever a file or a plugin has put into it.
void print_error(const Error& error) {
  std::cerr << "weir check: " << printable(error.message) << "\n";
}

}  // namespace

CheckCommand::CheckCommand(CLI::App& app)
    : CheckCommand(app.add_subcommand(
          "check", "Tries a configuration out, its plugins too, and serves nothing.")) {}

// What plugins say in the trial is shown where it may tell why they refuse.
CheckCommand::CheckCommand(CLI::App* command)
    : command_(command),
      settings_(*command, SettingsOptions::Argument::FileOrPlugin),
      host_(*command, "warn") {}

bool CheckCommand::was_asked_for() const { return command_->parsed(); }

ExitCode CheckCommand::run(const StartAgain& start_again) const {
  if (const Done options = host_.check(); !options.ok()) {
    print_error(options.error());
    return ExitCode::Failure;
  }
  const auto settings = settings_.read();
  if (!settings.ok()) {
    print_error(settings.error());
    return ExitCode::Failure;
  }
  ProcessHost process(host_);
  if (Done done = process.start_again_if_needed(settings.value(), settings_.file(), start_again);
      !done.ok()) {
    print_error(done.error());
    return ExitCode::Failure;
  }
  const planes::CodeSupply supply(&process.fetcher(), settings_.base_dir(),
                                  serve::cluster_routes(settings_.base_dir()));
  const serve::CheckReport report = serve::check_settings(settings.value(), supply, process.host());
  for (const std::string& line : report.passed) std::cout << printable(line) << "\n";
  for (const Error& error : report.errors) print_error(error);
  return report.errors.empty() ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace weir::cli

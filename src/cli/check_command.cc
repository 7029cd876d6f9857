#include "cli/check_command.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/printable.h"
#include "config/config_file.h"
#include "config/document.h"
#include "planes/ats/files/check.h"
#include "planes/envoy/check.h"
#include "planes/envoy/module_configs.h"
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
          "check",
          "Tries a configuration out, its plugins too, and serves nothing: one of weir serve, of "
          "Envoy with Weir's module in it, or of Traffic Server for weir-ats.so.")) {}

// What plugins say in the trial is shown where it may tell why they refuse.
CheckCommand::CheckCommand(CLI::App* command)
    : command_(command),
      settings_(*command, SettingsOptions::Argument::FileOrPlugin),
      host_(*command, "warn") {
  command
      ->add_option("--config-folder", config_folder_,
                   "Traffic Server's: where relative paths in its files start; else FILE's folder")
      ->type_name("DIR");
}

bool CheckCommand::was_asked_for() const { return command_->parsed(); }

ExitCode CheckCommand::run(const StartAgain& start_again) const {
  if (const Done options = host_.check(); !options.ok()) {
    print_error(options.error());
    return ExitCode::Failure;
  }
  ProcessHost process(host_);
  const auto report = check(process, start_again);
  if (!report.ok()) {
    print_error(report.error());
    return ExitCode::Failure;
  }
  for (const std::string& line : report.value().passed) std::cout << printable(line) << "\n";
  for (const Error& error : report.value().errors) print_error(error);
  return report.value().errors.empty() ? ExitCode::Success : ExitCode::Failure;
}

Result<planes::CheckReport> CheckCommand::check(ProcessHost& process,
                                                const StartAgain& start_again) const {
  std::string text;
  if (!settings_.file().empty()) {
    WEIR_TRY(text, config::read_config_file(settings_.file(), Pipes::Read));
    if (auto report = check_foreign(text, process)) return *std::move(report);
  }
  if (!config_folder_.empty()) {
    return Error{ErrorCode::BadConfig, "--config-folder is for files of Traffic Server's alone"};
  }
  WEIR_TRY(const config::ServeSettings settings, settings_.make(text));
  return check_settings(settings, process, start_again);
}

Result<planes::CheckReport> CheckCommand::check_settings(const config::ServeSettings& settings,
                                                         ProcessHost& process,
                                                         const StartAgain& start_again) const {
  WEIR_TRY(process.start_again_if_needed(settings, settings_.file(), start_again));
  const planes::CodeSupply supply(&process.fetcher(), settings_.base_dir(),
                                  serve::cluster_routes(settings_.base_dir()));
  return serve::check_settings(settings, supply, process.host());
}

// Their servers do not start again for an engine's C library, so that this process does not either.
std::optional<Result<planes::CheckReport>> CheckCommand::check_foreign(const std::string& text,
                                                                       ProcessHost& process) const {
  const std::string file = settings_.file();
  const auto document = config::parse_document(text, file);
  if (!document.ok()) return std::nullopt;
  const config::Node& root = document.value().root();
  if (root.find("scenarios") != nullptr) {
    return Error{ErrorCode::BadConfig,
                 file + ": is a file of scenarios; weir test " + file + " plays them"};
  }
  if (envoy_plane::is_of_envoy(root)) {
    if (!config_folder_.empty()) return std::nullopt;
    // Envoy takes paths as they are, and fetches code by its uri alone.
    const planes::CodeSupply supply(&process.fetcher(), std::filesystem::path());
    return envoy_plane::check_file(document.value(), file, supply, process.host());
  }
  if (!ats_plane::is_of_traffic_server(root)) return std::nullopt;
  const std::filesystem::path folder =
      config_folder_.empty() ? settings_.base_dir() : std::filesystem::path(config_folder_);
  const planes::CodeSupply supply(&process.fetcher(), folder, serve::cluster_routes(folder));
  return ats_plane::check_file(text, file, supply, process.host());
}

}  // namespace weir::cli

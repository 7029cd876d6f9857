#include "cli/inspect_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "abi/module_report.h"
#include "base/bytes.h"
#include "base/printable.h"
#include "cli/chosen_engines.h"
#include "cli/inspection.h"
#include "cli/read_file.h"
#include "engine/engines.h"

namespace weir::cli {
namespace {

// The engines that are asked for, or all that run wasm.
std::vector<std::string> engines_to_try(const std::vector<std::string>& asked_for,
                                        const engine::Engines& engines) {
  if (!asked_for.empty()) return asked_for;
  std::vector<std::string> names;
  for (const std::string_view name : engine::known_engines()) {
    const auto engine = engines.find(name);
    if (engine.ok() && engine.value()->capabilities().native_code) continue;
    names.emplace_back(name);
  }
  return names;
}

Done check_runtimes(const std::vector<std::string>& runtimes) {
  for (const std::string& runtime : runtimes) {
    const std::string_view name = engine::canonical_name(runtime);
    if (name.empty()) {
      return unknown_engine(runtime, "see weir engines");
    }
    if (name == "null") {
      return Error{ErrorCode::BadConfig, "--engine '" + runtime + "' runs no .wasm files"};
    }
  }
  return Unit{};
}

}  // namespace

InspectCommand::InspectCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("inspect", "Tells what is in a .wasm file, and whether it loads.");
  command_ = command;
  command->add_option("file", file_, "A .wasm file; - is standard input")
      ->type_name("FILE")
      ->required();
  command->add_flag("--json", json_, "The same as JSON");
  command
      ->add_option("--engine", engines_,
                   "Try this engine only (may be repeated); unless given, all that are there")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--config", configuration_, "The plugin's configuration, for trying it")
      ->type_name("TEXT");
  command->add_option("--root-id", root_id_, "The plugin's root id, for trying it")
      ->type_name("ID");
  command
      ->add_option("--start-ms", start_ms_,
                   "Processor time that it has to start and be configured, on each engine")
      ->type_name("MS")
      ->check(CLI::Range(1u, 600'000u))
      ->capture_default_str();
}

bool InspectCommand::was_asked_for() const { return command_->parsed(); }

Result<std::string> InspectCommand::inspect(const StartAgain& start_again) const {
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  const std::vector<std::string_view> asked_for(engines_.begin(), engines_.end());
  // Unsaid, since it may be the engines of that process that find the file broken.
  const auto enter = [&] {
    start_again_for(
        asked_for.empty() ? engine::known_engines() : std::span<const std::string_view>(asked_for),
        engines, "weir inspect", start_again, Notice::Unsaid);
  };
  // A file that is none needs no other process to be told so.
  const bool is_pipe = can_be_read_once(file_);
  if (is_pipe) enter();
  WEIR_TRY(std::string code, read_file(file_));
  auto report = abi::report_module(as_bytes(code));
  if (!report.ok()) return std::move(report).error().in(file_);
  if (!is_pipe) enter();

  Inspection inspection{
      .file = file_, .bytes = code.size(), .module = std::move(report).value(), .trials = {}};
  const TrialPlugin plugin{.name = std::filesystem::path(file_).stem().string(),
                           .code = std::move(code),
                           .root_id = root_id_,
                           .configuration = configuration_,
                           .start_time = Milliseconds(start_ms_)};
  for (const std::string& name : engines_to_try(engines_, engines)) {
    inspection.trials.push_back(try_plugin(engines, name, plugin));
  }
  if (const Trial* refusal = inspection.refusal()) {
    std::string_view reason = refusal->reason;
    const std::string named = "plugin '" + plugin.name + "': ";
    if (reason.starts_with(named)) reason.remove_prefix(named.size());
    return Error{ErrorCode::BadModule, file_ + ": not a valid WebAssembly module, says " +
                                           refusal->engine + " " + refusal->version + ": " +
                                           printable(reason)};
  }
  return json_ ? to_json(inspection) : to_text(inspection);
}

ExitCode InspectCommand::run(const StartAgain& start_again) const {
  if (const Done known = check_runtimes(engines_); !known.ok()) {
    std::cerr << "weir inspect: " << printable(known.error().message) << "\n";
    return ExitCode::Usage;
  }
  const auto told = inspect(start_again);
  if (!told.ok()) {
    std::cerr << "weir inspect: " << printable(told.error().message) << "\n";
    return ExitCode::Failure;
  }
  std::cout << told.value();
  return ExitCode::Success;
}

}  // namespace weir::cli

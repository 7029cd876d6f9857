#include "cli/bench_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "abi/module_report.h"
#include "base/bytes.h"
#include "base/printable.h"
#include "cli/bench_plot.h"
#include "cli/chosen_engines.h"
#include "cli/output_file.h"
#include "cli/read_file.h"
#include "engine/engines.h"
#include "scenario/suite_reader.h"

namespace weir::cli {
namespace {

constexpr std::string_view kCommand = "weir bench";

// What passes a plugin of which nothing more is known: a request as browsers send it, and one with
// a body.
constexpr std::string_view kUsualSteps = R"([
  {"http": {"request": {"path": "/articles/17?page=2", "headers": [
       "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
       "accept: text/html,application/xhtml+xml", "accept-language: en", "accept-encoding: gzip",
       "cookie: session=3f9a8b7c6d5e4f3a2b1c", "x-request-id: 0b8f1d3c-5a76-4a5e-9a7e-2b1c3d4e5f60"]},
     "response": {"headers": ["content-type: text/html", "cache-control: no-cache",
       "server: upstream"], "body": ["<html><body>", "<p>A few words.</p>", "</body></html>"]}}},
  {"http": {"request": {"method": "POST", "path": "/forms/3", "headers": [
       "content-type: application/x-www-form-urlencoded", "accept: */*"],
       "body": ["name=ann&", "colour=green"]},
     "response": {"status": 303, "headers": ["location: /forms/3/done"]}}}
])";

}  // namespace

BenchCommand::BenchCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("bench", "Measures what a plugin costs, engines side by side.");
  command_ = command;
  command->add_option("file", file_, "A .wasm file, or a file of scenarios")
      ->type_name("FILE")
      ->required();
  command->add_option("--config", configuration_, "The configuration of a .wasm file")
      ->type_name("TEXT");
  command->add_option("--root-id", root_id_, "The root id of a .wasm file")->type_name("ID");
  command->add_option("--plugin", plugin_, "A .wasm file in the place of the scenarios' own")
      ->type_name("FILE");
  command->add_option("--only", only_, "The first scenario with this in its name")
      ->type_name("TEXT");
  command
      ->add_option(
          "--engine", engines_,
          "Measure this engine (may be repeated), or `all`; unless given, the plugin's own")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--rounds", options_.rounds, "How often the steps of the scenario are run")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}));
  command
      ->add_option("--seconds", seconds_,
                   "How long at most on each engine, which then runs fewer rounds")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 3600.0));
  command->add_flag("--json", json_, "Print JSON");
  command->add_option("--svg", svg_, "Write a picture of the distributions to a file")
      ->type_name("FILE");
}

bool BenchCommand::was_asked_for() const { return command_->parsed(); }

Result<scenario::Suite> BenchCommand::read() const {
  if (!file_.ends_with(".wasm")) {
    if (!configuration_.empty() || !root_id_.empty()) {
      return Error{ErrorCode::BadConfig,
                   "--config and --root-id are of a .wasm file; scenarios say their own"};
    }
    return scenario::read_suite(std::filesystem::path(file_), {.plugin = plugin_});
  }
  if (!plugin_.empty() || !only_.empty()) {
    return Error{ErrorCode::BadConfig, "--plugin and --only are of files of scenarios"};
  }
  // Here, where the error names the file alone, and no engine is asked.
  WEIR_TRY(const std::string code, read_file(file_));
  if (auto report = abi::report_module(as_bytes(code)); !report.ok()) {
    return std::move(report).error().in(file_);
  }
  const nlohmann::json suite{
      {"plugin",
       {{"file", std::filesystem::path(file_).filename().string()},
        {"configuration", configuration_},
        {"root_id", root_id_}}},
      {"scenarios", {{{"name", "usual"}, {"steps", nlohmann::json::parse(kUsualSteps)}}}}};
  // The file's own name stands in messages. Its code is taken by its path: a name in JSON is UTF-8.
  return scenario::read_suite(suite.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                              std::filesystem::path(file_), {.plugin = file_});
}

Result<BenchReport> BenchCommand::bench(const StartAgain& start_again) const {
  WEIR_TRY(check_engine_names(engines_));
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  // Before a pipe is read; what is wrong with a file needs no other process to be told.
  const bool is_pipe = can_be_read_once(file_) || can_be_read_once(plugin_);
  if (is_pipe && !engines_.empty()) {
    start_again_for_chosen(engines, engines_, {}, kCommand, start_again);
  }
  WEIR_TRY(const scenario::Suite suite, read());
  WEIR_TRY(check_engines_fit(engines_, suite.plugin.vm.engine, suite.plugin_where));
  const auto chosen = std::ranges::find_if(suite.scenarios, [&](const auto& scenario) {
    return !scenario.steps.empty() && scenario.name.find(only_) != std::string::npos;
  });
  if (chosen == suite.scenarios.end()) {
    const std::string named = only_.empty() ? "" : " and '" + only_ + "' in its name";
    return Error{ErrorCode::BadConfig, file_ + ": no scenario has steps" + named};
  }
  if (!is_pipe || engines_.empty()) {
    start_again_for_chosen(engines, engines_, suite.plugin.vm.engine, kCommand, start_again);
  }
  if (!svg_.empty()) WEIR_TRY(begin_output("--svg", svg_, suite.sources));
  WEIR_TRY(const auto wanted, choose_engines(engines, engines_, suite.plugin.vm.engine));

  scenario::BenchOptions options = options_;
  options.most_time = Milliseconds(static_cast<int64_t>(seconds_ * 1000));
  BenchReport report{.plugin = suite.plugin.name, .scenario = chosen->name};
  for (const ChosenEngine& engine : wanted) {
    if (engine.engine == nullptr) {
      report.skipped.push_back(engine.name + ": " + engine.reason);
      continue;
    }
    auto result = scenario::bench_plugin(suite, *chosen, *engine.engine, engine.name, options);
    if (result.ok()) {
      report.results.push_back(std::move(result).value());
    } else {
      report.results.push_back({.engine = engine.name,
                                .version = engine.engine->info().version,
                                .failure = result.error().message});
    }
  }
  if (report.results.empty()) {
    return Error{ErrorCode::NotFound, "no engine is there: " + report.skipped.front()};
  }
  return report;
}

ExitCode BenchCommand::run(const StartAgain& start_again) const {
  const auto report = bench(start_again);
  if (!report.ok()) {
    std::cerr << kCommand << ": " << printable(report.error().message) << "\n";
    return ExitCode::Usage;
  }
  std::cout << (json_ ? to_json(report.value()) : to_table(report.value()));
  if (!svg_.empty()) {
    if (const Done kept = write_output(svg_, to_svg(report.value())); !kept.ok()) {
      std::cerr << kCommand << ": " << printable(kept.error().message) << "\n";
      return ExitCode::Usage;
    }
  }
  const auto failed = [](const scenario::BenchResult& result) { return !result.failure.empty(); };
  return std::ranges::any_of(report.value().results, failed) ? ExitCode::Failure
                                                             : ExitCode::Success;
}

}  // namespace weir::cli

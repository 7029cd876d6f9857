#include "cli/test_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "base/printable.h"
#include "cli/cache_folder.h"
#include "cli/chosen_engines.h"
#include "cli/output_file.h"
#include "cli/read_file.h"
#include "planes/serve/spdlog_logger.h"
#include "scenario/golden.h"
#include "scenario/golden_files.h"
#include "scenario/run.h"
#include "scenario/suite_reader.h"

namespace weir::cli {
namespace {

constexpr std::string_view kCommand = "weir test";

// Writes the files that say something else, and takes the findings about them back.
Done take_golden(scenario::Outcome& outcome) {
  for (auto golden = outcome.golden.rbegin(); golden != outcome.golden.rend(); ++golden) {
    WEIR_TRY(scenario::write_golden(golden->file, golden->text));
    outcome.findings.erase(outcome.findings.begin() + static_cast<ptrdiff_t>(golden->finding));
  }
  return Unit{};
}

}  // namespace

TestCommand::TestCommand(CLI::App& app) : code_cache_(default_cache("code")) {
  CLI::App* command = app.add_subcommand("test", "Runs a plugin through scenarios, offline.");
  command_ = command;
  command->add_option("files", files_, "Scenario files")->type_name("FILE")->required();
  command
      ->add_option("--engine", engines_,
                   "Run on this engine (may be repeated), or on `all`; unless given, on the "
                   "plugin's own")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--plugin", plugin_, "A .wasm file to run in the place of the files' own")
      ->type_name("FILE");
  command->add_option("--only", only_, "Run scenarios with this in their name")->type_name("TEXT");
  command->add_flag("--trace", trace_, "Print each call between plugin and host");
  command->add_flag("--update", update_, "Write golden files as they are now");
  command->add_option("--junit", junit_, "Write the results to a file, as JUnit's XML")
      ->type_name("FILE");
  command
      ->add_option("--code-cache", code_cache_, "A folder that keeps compiled code; off keeps none")
      ->type_name("DIR")
      ->capture_default_str();
}

bool TestCommand::was_asked_for() const { return command_->parsed(); }

bool TestCommand::is_wanted(const scenario::Scenario& scenario) const {
  return scenario.name.find(only_) != std::string::npos;
}

Done TestCommand::run_suite(const scenario::Suite& suite, const engine::Engines& engines,
                            const engine::CodeCache* cache, TestReport& report) const {
  WEIR_TRY(const auto chosen, choose_engines(engines, engines_, suite.plugin.vm.engine));
  std::cout << printable(suite.file) << "\n";
  for (const ChosenEngine& engine : chosen) {
    if (engine.engine == nullptr) {
      const auto known = std::ranges::find(report.skipped, engine.name, &SkippedEngine::engine);
      if (known == report.skipped.end()) report.skipped.push_back({engine.name, engine.reason});
      continue;
    }
    // Some engines want to know each thread that they run on.
    const auto attachment = engine.engine->attach_thread();
    for (const scenario::Scenario& scenario : suite.scenarios) {
      if (!is_wanted(scenario)) continue;
      const SystemClock clock;
      const Nanoseconds begin = clock.monotonic();
      auto outcome = scenario::run_scenario(suite, scenario, *engine.engine, engine.name,
                                            {.code_cache = cache, .trace = trace_});
      if (update_) WEIR_TRY(take_golden(outcome));
      if (!scenario.golden.empty()) {
        WEIR_TRY(const std::string differs,
                 scenario::check_golden(
                     scenario.golden, outcome.transcript,
                     update_ ? scenario::GoldenMode::Update : scenario::GoldenMode::Compare));
        if (!differs.empty()) outcome.findings.push_back(differs);
      }
      if (outcome.findings.empty()) outcome.notes.clear();
      TestCase& test = report.cases.emplace_back(
          TestCase{suite.file, engine.name, scenario.name, std::move(outcome.findings),
                   std::move(outcome.notes), clock.monotonic() - begin});
      std::cout << to_text(test);
      for (const std::string& line : outcome.trace) {
        std::cout << "    " << printable(line) << "\n";
      }
    }
  }
  return Unit{};
}

Result<TestReport> TestCommand::test(const StartAgain& start_again) const {
  WEIR_TRY(check_engine_names(engines_));
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  // Before a pipe is read; what is wrong with a file needs no other process to be told.
  const bool pipes = std::ranges::any_of(files_, can_be_read_once) || can_be_read_once(plugin_);
  if (pipes && !engines_.empty()) {
    start_again_for_chosen(engines, engines_, {}, kCommand, start_again);
  }
  // All files are read before anything runs.
  std::vector<scenario::Suite> suites;
  size_t wanted = 0;
  for (const std::string& file : files_) {
    WEIR_TRY(scenario::Suite suite, scenario::read_suite(std::filesystem::path(file),
                                                         {.plugin = plugin_, .update = update_}));
    WEIR_TRY(check_engines_fit(engines_, suite.plugin.vm.engine, suite.plugin_where));
    wanted += static_cast<size_t>(std::ranges::count_if(
        suite.scenarios, [&](const scenario::Scenario& each) { return is_wanted(each); }));
    suites.push_back(std::move(suite));
  }
  if (wanted == 0) {
    return Error{ErrorCode::BadConfig, "--only '" + only_ + "': no scenario has that in its name"};
  }

  const auto mode = update_ ? scenario::GoldenMode::Update : scenario::GoldenMode::Compare;
  WEIR_TRY(scenario::check_golden_files(suites, mode));
  if (!junit_.empty()) {
    std::vector<std::filesystem::path> read;
    for (const scenario::Suite& suite : suites) {
      read.insert(read.end(), suite.sources.begin(), suite.sources.end());
      for (const scenario::Scenario& each : suite.scenarios) {
        if (!each.golden.empty()) read.push_back(each.golden);
      }
    }
    WEIR_TRY(begin_output("--junit", junit_, read));
  }

  if (engines_.empty()) {
    for (const scenario::Suite& suite : suites) {
      start_again_for_chosen(engines, {}, suite.plugin.vm.engine, kCommand, start_again);
    }
  } else if (!pipes) {
    start_again_for_chosen(engines, engines_, {}, kCommand, start_again);
  }
  serve::SpdlogLogger logger(LogLevel::Warn);
  std::unique_ptr<const engine::CodeCache> cache;
  if (const std::string folder = folder_or_none(code_cache_); !folder.empty()) {
    cache = std::make_unique<const engine::CodeCache>(folder, kCodeCacheBytes, logger);
  }
  TestReport report;
  for (const scenario::Suite& suite : suites) {
    WEIR_TRY(run_suite(suite, engines, cache.get(), report));
  }
  if (report.cases.empty()) {
    return Error{ErrorCode::NotFound, "nothing was run: " + report.skipped.front().reason};
  }
  if (!junit_.empty()) WEIR_TRY(write_output(junit_, to_junit(report)));
  return report;
}

ExitCode TestCommand::run(const StartAgain& start_again) const {
  const auto report = test(start_again);
  if (!report.ok()) {
    std::cerr << kCommand << ": " << printable(report.error().message) << "\n";
    return ExitCode::Usage;
  }
  std::cout << summary_of(report.value());
  return report.value().failed() == 0 ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace weir::cli

#pragma once
// `weir test`: runs scenarios.

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/test_report.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "scenario/script.h"

namespace weir::cli {

class TestCommand {
 public:
  explicit TestCommand(CLI::App& app);

  bool was_asked_for() const;
  // Prints each scenario to standard output. Failure: something was not as expected; Usage: a file
  // cannot be used as it is, and nothing was run.
  ExitCode run(const StartAgain& start_again) const;

 private:
  Result<TestReport> test(const StartAgain& start_again) const;
  Done run_suite(const scenario::Suite& suite, const engine::Engines& engines,
                 const engine::CodeCache* cache, TestReport& report) const;
  bool is_wanted(const scenario::Scenario& scenario) const;

  const CLI::App* command_;
  std::vector<std::string> files_;
  std::vector<std::string> engines_;
  std::string plugin_;
  std::string junit_;
  std::string only_;
  std::string code_cache_;
  bool trace_ = false;
  bool update_ = false;
};

}  // namespace weir::cli

#pragma once
// `weir bench`: what a plugin costs, on engines side by side.

#include <string>
#include <vector>

#include "cli/bench_report.h"
#include "cli/command_line.h"
#include "scenario/script.h"

namespace weir::cli {

class BenchCommand {
 public:
  explicit BenchCommand(CLI::App& app);

  bool was_asked_for() const;
  // Prints a table, or JSON. Failure: the plugin failed on some engine; Usage: a file or an option
  // cannot be used.
  ExitCode run(const StartAgain& start_again) const;

 private:
  Result<scenario::Suite> read() const;
  Result<BenchReport> bench(const StartAgain& start_again) const;

  const CLI::App* command_;
  std::string file_;
  std::string configuration_;
  std::string root_id_;
  std::string plugin_;
  std::string only_;
  std::vector<std::string> engines_;
  scenario::BenchOptions options_;
  double seconds_ = 5;
  std::string svg_;
  bool json_ = false;
};

}  // namespace weir::cli

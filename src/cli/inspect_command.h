#pragma once
// `weir inspect`: what is in a .wasm file, and whether it loads.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_line.h"

namespace weir::cli {

class InspectCommand {
 public:
  explicit InspectCommand(CLI::App& app);

  bool was_asked_for() const;
  ExitCode run(const StartAgain&) const;

 private:
  Result<std::string> inspect(const StartAgain&) const;

  const CLI::App* command_;
  std::string file_;
  std::vector<std::string> engines_;
  std::string root_id_;
  std::string configuration_;
  uint32_t start_ms_ = 1000;
  bool json_ = false;
};

}  // namespace weir::cli

#pragma once
// `weir compile`: adds compiled code to a plugin's file, for configurations that allow it.

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "engine/engine.h"

namespace weir::cli {

class CompileCommand {
 public:
  explicit CompileCommand(CLI::App& app);

  bool was_asked_for() const;
  ExitCode run(const StartAgain&) const;

 private:
  std::string output() const;

  const CLI::App* command_;
  std::string file_;
  std::string output_;  // empty: beside the file
  std::vector<std::string> engines_;
  uint64_t max_memory_bytes_ = engine::Limits{}.max_memory_bytes;
};

}  // namespace weir::cli

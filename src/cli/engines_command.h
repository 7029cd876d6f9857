#pragma once
// `weir engines`: which engines are there, and what each of them can do.

#include <string>

#include "cli/command_line.h"
#include "engine/engines.h"

namespace weir::cli {

class EnginesCommand {
 public:
  explicit EnginesCommand(CLI::App& app);

  ExitCode run(const StartAgain&) const;

 private:
  bool json_ = false;
};

// Every known engine, or why it is not there; as text, and for programs:
// {"engines": [{"name", "names": [NAME], "version", "compilation", "adapter", "capabilities":
// {NAME: "native", "supplied" or "missing"}, "features": [NAME]}, {"name", "error"}]}.
std::string engines_table(const engine::Engines& engines);
std::string engines_json(const engine::Engines& engines);

}  // namespace weir::cli

#pragma once
// Runs scenarios.

#include <string>
#include <vector>

#include "base/result.h"
#include "scenario/findings.h"
#include "scenario/script.h"

namespace weir::engine {
class CodeCache;
class Engine;
}  // namespace weir::engine

namespace weir::scenario {

// How a scenario went on one engine.
struct Outcome {
  std::vector<std::string> findings;  // one line each; empty: it passed
  std::vector<GoldenText> golden;     // files that would take findings back
  std::vector<std::string> notes;     // what may be of interest where it did not
  std::vector<std::string> trace;     // where it was asked for
  std::string transcript;             // what golden files hold
};

struct RunOptions {
  const engine::CodeCache* code_cache = nullptr;
  bool trace = false;
};

// Runs the scenario in a world of its own. `engine` is the one called `engine_name`
// (engine::canonical_name()). Golden files are not looked at.
Outcome run_scenario(const Suite& suite, const Scenario& scenario, const engine::Engine& engine,
                     const std::string& engine_name, const RunOptions& options);

}  // namespace weir::scenario

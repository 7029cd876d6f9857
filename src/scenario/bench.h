#pragma once
// What a plugin costs on one engine.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "scenario/script.h"

namespace weir::engine {
class Engine;
}  // namespace weir::engine

namespace weir::scenario {

// In nanoseconds, from the lowest to the highest of all that was measured.
struct Distribution {
  uint64_t count = 0;
  uint64_t min = 0;
  uint64_t median = 0;
  uint64_t p90 = 0;
  uint64_t p99 = 0;
  uint64_t max = 0;
};

// Of nothing: zeros. The nth percentile is the smallest value that so many are not above.
Distribution distribution_of(std::vector<uint64_t> values);

struct BenchResult {
  std::string engine;
  std::string version;
  std::string failure;  // the plugin failed, and nothing else is told; empty: it did not
  uint64_t rounds = 0;  // that were measured: runs of the scenario's steps
  // From the plugin's bytes to one that is configured and takes streams.
  Nanoseconds cold_start{0};
  // The same with code that was compiled before; nothing where the engine keeps none.
  std::optional<Nanoseconds> warm_start;
  // To start and configure one more instance of what is loaded.
  Nanoseconds instance_start{0};
  uint64_t memory_bytes = 0;  // the most that the guest has had; 0 for native code
  std::map<std::string, Distribution> callbacks;
  std::map<std::string, double> hostcalls;  // how many in a round
};

struct BenchOptions {
  uint64_t rounds = 1000;
  uint64_t warm_up_rounds = 100;
  // Of real time, warm-up and starts not counted: a slow engine makes fewer rounds.
  Milliseconds most_time{5000};
};

// Runs the scenario's steps again and again, without looking at what is expected. The error is for
// a plugin that does not start.
Result<BenchResult> bench_plugin(const Suite& suite, const Scenario& scenario,
                                 const engine::Engine& engine, const std::string& engine_name,
                                 const BenchOptions& options);

}  // namespace weir::scenario

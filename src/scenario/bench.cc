#include "scenario/bench.h"

#include <algorithm>

#include "abi/observed_engine.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "scenario/bench_observer.h"
#include "scenario/player.h"
#include "scenario/scratch_folder.h"

namespace weir::scenario {
namespace {

constexpr uint64_t kCacheBytes = 1ull << 30;

// What is expected is left out: a bench measures, and its rounds are not the scenario's.
std::vector<Step> steps_of(const Scenario& scenario) {
  std::vector<Step> steps;
  for (const Step& step : scenario.steps) {
    if (std::holds_alternative<std::monostate>(step.what)) continue;
    Step& kept = steps.emplace_back(step);
    kept.expect.reset();
  }
  return steps;
}

// A plugin on its way through rounds. False: it has failed.
class Rounds {
 public:
  Rounds(Player& player, const std::vector<Step>& steps) : player_(player), steps_(steps) {}

  bool run(uint64_t count, std::optional<Milliseconds> most_time) {
    const Nanoseconds begin = clock_.monotonic();
    for (uint64_t i = 0; i < count; ++i) {
      if (most_time && clock_.monotonic() - begin > *most_time) return true;
      for (const Step& step : steps_) player_.play(step, findings_);
      player_.end_streams();
      if (!findings_.empty()) return false;
      ++done_;
    }
    return true;
  }

  uint64_t done() const { return done_; }
  std::string failure() const { return findings_.lines().front(); }

 private:
  Player& player_;
  const std::vector<Step>& steps_;
  const SystemClock clock_;
  Findings findings_;
  uint64_t done_ = 0;
};

}  // namespace

Distribution distribution_of(std::vector<uint64_t> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto percentile = [&](size_t percent) {
    const size_t rank = (values.size() * percent + 99) / 100;  // from 1
    return values[std::max<size_t>(rank, 1) - 1];
  };
  return {.count = values.size(),
          .min = values.front(),
          .median = percentile(50),
          .p90 = percentile(90),
          .p99 = percentile(99),
          .max = values.back()};
}

Result<BenchResult> bench_plugin(const Suite& suite, const Scenario& scenario,
                                 const engine::Engine& engine, const std::string& engine_name,
                                 const BenchOptions& options) {
  runtime::PluginOptions plugin = suite.plugin;
  plugin.vm.engine = engine_name;
  if (scenario.configuration) plugin.configuration = *scenario.configuration;
  const std::vector<Step> steps = steps_of(scenario);

  BenchObserver observer;
  engine::Engines engines({}, {});
  engines.provide(engine_name, abi::make_observed_engine(engine, observer));
  WEIR_TRY(const auto folder, ScratchFolder::make());
  const SystemClock clock;
  Journal unheard(clock);
  const engine::CodeCache cache(folder->path(), kCacheBytes, unheard);

  // Loaded as a proxy does.
  const auto parts = [&](const engine::CodeCache* code_cache) {
    return Player::Parts{engines, code_cache, nullptr, scenario.world, runtime::TryOut::Always};
  };

  // Each start is on a thread that the engine meets anew: what it still has there of the start
  // before (V8: compiled code that no collector has come for) would be found again, and neither
  // compiled nor read.
  BenchResult result{.engine = engine_name, .version = engine.info().version};
  {
    // Whatever the engine does once for the process is not the plugin's.
    const auto attachment = engine.attach_thread();
    Player first(parts(&cache));
    if (const Done started = first.start(plugin); !started.ok()) {
      return Error{started.error().code, first.refusal_text(started.error())};
    }
  }
  {
    const auto attachment = engine.attach_thread();
    Player cold(parts(nullptr));
    WEIR_TRY(cold.start(plugin));
    result.cold_start = cold.start_times().load + cold.start_times().start;
  }
  const auto attachment = engine.attach_thread();
  Player player(parts(&cache));
  player.be_quiet();
  WEIR_TRY(player.start(plugin));
  const auto& [load, start] = player.start_times();
  if (engine.capabilities().serialize) result.warm_start = load + start;
  result.instance_start = start;

  Rounds warm_up(player, steps);
  if (!warm_up.run(options.warm_up_rounds, options.most_time)) {
    result.failure = warm_up.failure();
    return result;
  }
  Rounds rounds(player, steps);
  observer.begin();
  const bool held = rounds.run(options.rounds, options.most_time);
  observer.pause();
  if (!held) {
    result.failure = rounds.failure();
    return result;
  }
  result.rounds = rounds.done();
  result.memory_bytes = observer.memory_bytes();
  for (const auto& [name, times] : observer.times()) {
    result.callbacks[name] = distribution_of(times);
  }
  for (const auto& [name, count] : observer.hostcalls()) {
    result.hostcalls[name] = static_cast<double>(count) / static_cast<double>(result.rounds);
  }
  return result;
}

}  // namespace weir::scenario

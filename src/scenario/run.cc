#include "scenario/run.h"

#include "abi/observed_engine.h"
#include "engine/engines.h"
#include "scenario/call_recorder.h"
#include "scenario/player.h"

namespace weir::scenario {
namespace {

void check_refusal(const Scenario& scenario, const std::string& why, Findings& findings) {
  if (scenario.refused.empty()) return findings.add(scenario.where, "the plugin: " + why);
  if (why.find(scenario.refused) != std::string::npos) return;
  findings.differ(scenario.where, "a refusal with " + in_quotes(scenario.refused) + " in it", why);
}

void play(const Scenario& scenario, const runtime::PluginOptions& options, Player& player,
          Findings& findings) {
  const JournalMark begin = player.journal().mark();
  Done started = player.start(options);
  if (!started.ok()) {
    return check_refusal(scenario, player.refusal_text(started.error()), findings);
  }
  if (!scenario.refused.empty()) {
    return findings.add(scenario.where, "expected the plugin to refuse to start, which it did not");
  }
  if (scenario.start) {
    player.check(&*scenario.start, scenario.start->where, begin, findings);
  }
  for (const Step& step : scenario.steps) player.play(step, findings);
}

}  // namespace

Outcome run_scenario(const Suite& suite, const Scenario& scenario, const engine::Engine& engine,
                     const std::string& engine_name, const RunOptions& options) {
  runtime::PluginOptions plugin = suite.plugin;
  plugin.vm.engine = engine_name;
  if (scenario.configuration) plugin.configuration = *scenario.configuration;

  Outcome outcome;
  CallRecorder recorder(options.trace ? &outcome.trace : nullptr);
  engine::Engines engines({}, {});
  engines.provide(engine_name, abi::make_observed_engine(engine, recorder));
  Findings findings;
  {
    Player player({engines, options.code_cache, &recorder, scenario.world});
    play(scenario, plugin, player, findings);
    player.end();
    outcome.transcript = player.journal().text();
    for (const SeenLog& log : player.journal().logs_since({})) {
      outcome.notes.push_back("log " + std::string(level_name(log.level)) + " " +
                              in_quotes(log.text));
    }
  }
  outcome.findings = findings.lines();
  outcome.golden = findings.golden();
  return outcome;
}

}  // namespace weir::scenario

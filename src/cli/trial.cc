#include "cli/trial.h"

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace weir::cli {
namespace {

// Keeps what is logged. Thread: any.
class KeepingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Info; }
  void write(LogLevel level, std::string_view line) override {
    lines_.lock()->emplace_back(level, line);
  }

  // The lines of that level and above.
  std::vector<std::string> lines_from(LogLevel lowest) const {
    std::vector<std::string> told;
    for (const auto& [level, line] : *lines_.lock()) {
      if (level >= lowest) told.push_back(line);
    }
    return told;
  }

 private:
  Guarded<std::vector<std::pair<LogLevel, std::string>>> lines_;
};

bool ran_out_of_time(runtime::MetricStore& metrics, const std::string& plugin) {
  const auto* metric =
      metrics.define(abi::MetricType::Counter, "wasm." + plugin + ".failed.deadline");
  return metric != nullptr && metric->value() != 0;
}

Trial::Outcome outcome_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::BadModule:
    case ErrorCode::LinkFailed:
    case ErrorCode::Unsupported:
      return Trial::Outcome::NotTaken;
    default:
      return Trial::Outcome::Refuses;
  }
}

}  // namespace

std::string_view to_string(Trial::Outcome outcome) {
  constexpr std::string_view kNames[] = {"loads", "refuses", "not taken", "no engine"};
  return kNames[static_cast<size_t>(outcome)];
}

Trial try_plugin(const engine::Engines& engines, std::string_view runtime,
                 const TrialPlugin& plugin) {
  Trial trial{.engine = std::string(runtime)};
  const auto engine = engines.find(runtime);
  if (!engine.ok()) {
    trial.outcome = Trial::Outcome::NoEngine;
    trial.reason = engine.error().message;
    return trial;
  }
  trial.engine = engine::canonical_name(runtime);
  trial.version = engine.value()->info().version;

  KeepingLogger logger;
  const SystemClock clock;
  runtime::MetricStore metrics;
  runtime::Host host({.engines = engines,
                      .code_cache = nullptr,
                      .clock = clock,
                      .logger = logger,
                      .metrics = metrics});
  runtime::PluginOptions options;
  options.name = plugin.name;
  options.root_id = plugin.root_id;
  options.configuration = plugin.configuration;
  options.vm.engine = trial.engine;
  options.vm.code = plugin.code;
  options.vm.limits.start_time = plugin.start_time;
  const auto loaded = host.load(std::move(options));
  if (!loaded.ok()) {
    trial.outcome = outcome_of(loaded.error());
    trial.reason = loaded.error().message;
    trial.is_invalid = loaded.error().code == ErrorCode::BadModule;
    if (ran_out_of_time(metrics, plugin.name)) {
      trial.reason += "; it had " + std::to_string(plugin.start_time.count()) +
                      " ms of processor time, --start-ms gives it more";
    }
  }
  // Some SDKs write their errors at level info, by way of standard output.
  const bool loads = trial.outcome == Trial::Outcome::Loads;
  trial.log = logger.lines_from(loads ? LogLevel::Warn : LogLevel::Info);
  return trial;
}

}  // namespace weir::cli

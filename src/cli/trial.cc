#include "cli/trial.h"

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace weir::cli {
namespace {

// The first lines of a log.
class FirstLines {
 public:
  void add(std::string_view line) {
    constexpr size_t kMostLines = 100;
    constexpr size_t kMostBytes = 64u << 10;
    if (lines_.size() == kMostLines || line.size() > kMostBytes - bytes_) {
      ++left_out_;
      return;
    }
    bytes_ += line.size();
    lines_.emplace_back(line);
  }

  const std::vector<std::string>& lines() const { return lines_; }
  uint64_t left_out() const { return left_out_; }

 private:
  std::vector<std::string> lines_;
  size_t bytes_ = 0;
  uint64_t left_out_ = 0;
};

// Keeps the beginning of what is logged, which a plugin may do without end. Thread: any.
class KeepingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Info; }
  void write(LogLevel level, std::string_view line) override {
    auto kept = kept_.lock();
    kept->all.add(line);
    if (level >= LogLevel::Warn) kept->warnings.add(line);
  }

  // From level warn on, or from info on.
  FirstLines lines_from(LogLevel lowest) const {
    auto kept = kept_.lock();
    return lowest >= LogLevel::Warn ? kept->warnings : kept->all;
  }

 private:
  struct Kept {
    FirstLines all;
    FirstLines warnings;
  };
  Guarded<Kept> kept_;
};

// The error names the bound by its field; here an option sets it.
bool ran_out_of_time(const Error& error) {
  return error.message.find("limits.start_cpu_time") != std::string::npos;
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
    if (ran_out_of_time(loaded.error())) {
      trial.reason += "; it had " + std::to_string(plugin.start_time.count()) +
                      " ms of processor time, --start-ms gives it more";
    }
  }
  // Some SDKs write their errors at level info, by way of standard output.
  const bool loads = trial.outcome == Trial::Outcome::Loads;
  const FirstLines told = logger.lines_from(loads ? LogLevel::Warn : LogLevel::Info);
  trial.log = told.lines();
  trial.log_left_out = told.left_out();
  return trial;
}

}  // namespace weir::cli

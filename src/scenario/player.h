#pragma once
// A plugin in the world of a scenario, and the steps that are done to it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/host.h"
#include "runtime/metrics.h"
#include "runtime/worker.h"
#include "scenario/call_recorder.h"
#include "scenario/findings.h"
#include "scenario/http_exchange.h"
#include "scenario/journal.h"
#include "scenario/manual_loop.h"
#include "scenario/mock_upstreams.h"
#include "scenario/script.h"
#include "scenario/tcp_connection.h"

namespace weir::engine {
class CodeCache;
class Engines;
}  // namespace weir::engine

namespace weir::scenario {

// Thread: the one that made it.
class Player {
 public:
  // All outlive it.
  struct Parts {
    const engine::Engines& engines;
    const engine::CodeCache* code_cache;  // null: none
    CallRecorder* recorder;               // that observes the engines; null: nobody records
    const World& world;
    // Tried out in a world that is forgotten then, but for what its streams begin with.
    runtime::TryOut try_out = runtime::TryOut::IfNeeded;
  };

  explicit Player(const Parts& parts);
  ~Player();

  // Loads the plugin, fills the world, starts it. The error is the plugin's refusal.
  Done start(const runtime::PluginOptions& options);

  // That error with what the plugin has logged, which says why it refuses: all of it, on one line.
  std::string refusal_text(const Error& error) const;

  // What start() took of real time: to compile the plugin and, where it is, to try it out; and to
  // start it for use.
  struct StartTimes {
    Nanoseconds load{0};
    Nanoseconds start{0};
  };
  const StartTimes& start_times() const { return start_times_; }

  // Does the step and adds what is not as expected.
  void play(const Step& step, Findings& findings);

  // As play() does for a step; `subject` is the exchange or connection that it was about.
  void check(const Expectations* expected, const std::string& where, const JournalMark& since,
             Findings& findings);

  // Streams that are still open end, and the plugin does.
  void end();

  // Streams that are still open end, and all are forgotten.
  void end_streams();

  // Nothing is written down from now on.
  void be_quiet() { journal_.set_quiet(); }

  // Of the plugin's failures the last, if there is a new one.
  std::optional<std::string> new_failure();

  // Of what a plugin may log when it refuses to start, too.
  const Journal& journal() const { return journal_; }

 private:
  struct Exchange {
    std::unique_ptr<HttpStep> step;
    std::unique_ptr<HttpExchange> http;
  };

  void forget_trial(const runtime::Plugin& plugin);
  void play_http(const HttpStep& step);
  void answer(HttpExchange& exchange, const Message& response);
  void send(HttpExchange& exchange, Direction direction, const Message& message);
  void wait_for(const HttpExchange& exchange, Direction direction);
  void play_tcp(const TcpStep& step);
  void enqueue(const EnqueueStep& step, const std::string& where, Findings& findings);
  void note_messages(const HttpExchange& exchange);
  void check_streams(const Expectations& expected, Findings& findings);
  void check_world(const Expectations& expected, Findings& findings);
  void check_failures(const Expectations* expected, const std::string& where, Findings& findings);
  void check_absence(const Absence& absence, const JournalMark& since, Findings& findings);

  const Parts parts_;
  ManualClock clock_;
  Journal journal_{clock_};
  runtime::MetricStore metrics_;
  runtime::Host host_;
  ManualLoop loop_;
  MockUpstreams upstreams_;
  std::unique_ptr<runtime::Worker> worker_;
  std::unique_ptr<runtime::WorkerPlugin> plugin_;
  uint64_t failures_ = 0;  // that were looked at
  StartTimes start_times_;

  // Streams of the scenario, which live to its end; those that are held, and connections, by name.
  std::vector<Exchange> exchanges_;
  std::map<std::string, HttpExchange*> open_;
  std::map<std::string, std::unique_ptr<TcpConnection>> connections_;

  // What the step is about.
  HttpExchange* http_ = nullptr;
  TcpConnection* tcp_ = nullptr;
  Nanoseconds took_{0};  // of waiting for the plugin
  std::string to_upstream_;
  std::string to_downstream_;
};

}  // namespace weir::scenario

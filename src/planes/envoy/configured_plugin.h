#pragma once
// A plugin as one configuration names it.

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "runtime/host.h"

namespace weir::envoy_plane {

// Where a plugin's instances are.
enum class Home : uint8_t {
  Workers,     // on each that has streams for it, or can be reached
  EachWorker,  // the same, and kept running there: it serves no streams
  MainThread,  // there only, and kept running
};

// So long a stream waits for a plugin whose code is on its way; then its failure policy decides.
inline constexpr Milliseconds kLongestWait{30'000};

// What workers know a plugin by. Its code may still be on its way, since Envoy wants an answer
// about a configuration at once. Thread: any.
class ConfiguredPlugin {
 public:
  enum class State : uint8_t {
    Awaited,
    Here,    // for good
    Absent,  // its code could not be had, or it does not start; this may still change
  };

  ConfiguredPlugin(uint64_t id, Home home, std::string name, runtime::FailurePolicy policy)
      : id_(id), home_(home), name_(std::move(name)), policy_(policy) {}

  uint64_t id() const { return id_; }  // never used twice
  Home home() const { return home_; }
  const std::string& name() const { return name_; }
  runtime::FailurePolicy failure_policy() const { return policy_; }

  State state() const { return state_.load(std::memory_order_acquire); }
  // Only where it is Here.
  const std::shared_ptr<const runtime::Plugin>& plugin() const { return plugin_; }
  // Why it is not.
  std::string why_absent() const { return *why_.lock(); }

  // To be called once. Thread: main.
  void arrive(std::shared_ptr<const runtime::Plugin> plugin) {
    plugin_ = std::move(plugin);
    state_.store(State::Here, std::memory_order_release);
  }
  // Thread: main.
  void miss(std::string why) {
    *why_.lock() = std::move(why);
    state_.store(State::Absent, std::memory_order_release);
  }

 private:
  const uint64_t id_;
  const Home home_;
  const std::string name_;
  const runtime::FailurePolicy policy_;
  std::atomic<State> state_ = State::Awaited;
  std::shared_ptr<const runtime::Plugin> plugin_;
  Guarded<std::string> why_;
};

}  // namespace weir::envoy_plane

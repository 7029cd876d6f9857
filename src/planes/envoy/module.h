#pragma once
// The module as a whole: what Weir has one of in an Envoy process.

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "planes/envoy/configuration.h"
#include "planes/envoy/late_code.h"
#include "planes/envoy/main_thread.h"
#include "planes/envoy/metrics.h"
#include "planes/envoy/timer_thread.h"
#include "planes/envoy/worker_pulse.h"
#include "runtime/host.h"

namespace weir::envoy_plane {

class Inbox;

// Never destroyed: Envoy's threads may end after everything else. Thread: any.
class Module {
 public:
  // All outlive the module; `metrics` are those of `host`. Thread: main.
  Module(runtime::Host& host, EnvoyMetrics& metrics, const planes::CodeSupply& supply)
      : host_(host),
        metrics_(metrics),
        timers_(host.clock()),
        main_thread_(host.logger(), timers_),
        late_code_(*this, supply) {}

  // The process's. Defined where the library is put together: it makes the engines and the host.
  static Module& get();

  bool is_main_thread() const { return std::this_thread::get_id() == main_; }

  runtime::Host& host() const { return host_; }
  EnvoyMetrics& metrics() const { return metrics_; }
  TimerThread& timers() { return timers_; }
  MainThread& main_thread() { return main_thread_; }
  WorkerPulse& pulse() { return pulse_; }
  LateCode& late_code() { return late_code_; }

  // Configurations that are alive. Workers start the plugin when they first need it, or at once
  // where they can be reached.
  // Without a plugin its code is awaited.
  std::shared_ptr<ConfiguredPlugin> add(std::string name, Home home, runtime::FailurePolicy policy,
                                        std::shared_ptr<const runtime::Plugin> plugin);
  void remove(const ConfiguredPlugin& plugin);
  std::vector<std::shared_ptr<const ConfiguredPlugin>> plugins() const;
  bool is_alive(const ConfiguredPlugin& plugin) const;

  // Whether any route has a configuration of its own: most have none, and need not be asked.
  bool has_route_configs() const { return route_configs_.load(std::memory_order_relaxed) > 0; }
  void count_route_configs(int by) { route_configs_ += by; }

  // The workers that are alive.
  void add_worker(std::shared_ptr<Inbox> inbox);
  void remove_worker(const std::shared_ptr<Inbox>& inbox);
  // No plugin has been at work yet: Envoy starts, as far as is known here.
  bool is_starting() const { return !had_worker_.load(std::memory_order_relaxed); }
  // A plugin that was awaited is here, or is not coming for now.
  void tell_workers();

 private:
  struct State {
    uint64_t last_id = 0;
    std::map<uint64_t, std::shared_ptr<const ConfiguredPlugin>> plugins;
    std::vector<std::shared_ptr<Inbox>> workers;
  };

  const std::thread::id main_ = std::this_thread::get_id();
  runtime::Host& host_;
  EnvoyMetrics& metrics_;
  TimerThread timers_;
  MainThread main_thread_;
  WorkerPulse pulse_;
  LateCode late_code_;
  Guarded<State> state_;
  std::atomic<int> route_configs_ = 0;
  std::atomic<bool> had_worker_ = false;
};

}  // namespace weir::envoy_plane

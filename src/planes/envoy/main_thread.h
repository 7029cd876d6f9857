#pragma once
// Envoy's main thread, where configurations live, as workers reach it.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "planes/envoy/config_callbacks.h"

namespace weir::envoy_plane {

struct RootCall;

// Work for the main thread is announced through any filter configuration that is alive. Its
// streams to clusters belong to that configuration and end with it. One per process.
// Thread: any, unless said otherwise.
class MainThread {
 public:
  // Tasks run in order, soon; without a configuration, when there is one.
  void run(std::function<void()> task);

  // Thread: main.
  void add(EnvoyHttpConfig* config);
  // Calls made through it fail.
  void remove(EnvoyHttpConfig* config);

  // A configuration's event has come. Thread: main.
  void work();

  // Through some configuration, and known by its events afterwards. Thread: main.
  void start(const std::shared_ptr<RootCall>& call, std::string_view cluster,
             std::vector<ModuleHeader>& headers, bool end_of_stream);

  // The call of an event. Thread: main.
  std::shared_ptr<RootCall> find(EnvoyHttpConfig* config, uint64_t id) const;
  // The same, and Envoy has forgotten it.
  std::shared_ptr<RootCall> take(EnvoyHttpConfig* config, uint64_t id);

 private:
  struct Config {
    EnvoyHttpConfig* config;
    EnvoyConfigScheduler* scheduler;
  };

  // With mutex_ held.
  void wake();

  mutable std::mutex mutex_;
  std::vector<Config> configs_;
  std::vector<std::function<void()>> tasks_;
  bool woken_ = false;
  std::map<std::pair<EnvoyHttpConfig*, uint64_t>, std::shared_ptr<RootCall>> calls_;
};

}  // namespace weir::envoy_plane

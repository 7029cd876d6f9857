#pragma once
// Envoy's main thread, where configurations live, as workers reach it.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "planes/envoy/carrier.h"

namespace weir::envoy_plane {

struct RootCall;

// Work for the main thread is announced through any configuration that is alive and can do it. Its
// calls to clusters belong to that configuration and end with it. One per process.
// Thread: any, unless said otherwise.
class MainThread {
 public:
  // Tasks run in order, soon; without a configuration, when there is one.
  void run(std::function<void()> task);

  // Thread: main.
  void add(std::unique_ptr<Carrier> carrier);
  // Calls made through it fail. Thread: any of Envoy's.
  void remove(const void* config);

  // A configuration's event has come. Thread: main.
  void work();

  // Begins what the call asks for, through some configuration, and knows it by its events
  // afterwards. Thread: main.
  void start(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& headers,
             bool end_of_stream);
  // More of its request. Thread: main.
  void send_data(const std::shared_ptr<RootCall>& call, std::string_view data, bool end_of_stream);
  void send_trailers(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& trailers);
  // Nobody waits for it any more. Thread: main.
  void reset(const std::shared_ptr<RootCall>& call);

  // The call of an event. Thread: main.
  std::shared_ptr<RootCall> find(const void* config, uint64_t id) const;
  // The same, and Envoy has forgotten it.
  std::shared_ptr<RootCall> take(const void* config, uint64_t id);

 private:
  // With mutex_ held.
  void wake();

  // The first that can do it. Null: there is none.
  Carrier* find_carrier(Carrier::Calls at_least) const;
  void start_through(Carrier& carrier, const std::shared_ptr<RootCall>& call,
                     const CallRequest& request);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Carrier>> carriers_;
  std::vector<std::function<void()>> tasks_;
  bool woken_ = false;
  std::map<std::pair<const void*, uint64_t>, std::shared_ptr<RootCall>> calls_;
};

}  // namespace weir::envoy_plane

#pragma once
// The plugin as a whole: what Weir has one of in a server process.

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "planes/ats/call_thread.h"
#include "planes/ats/plugin_set.h"
#include "planes/ats/reloader.h"
#include "runtime/host.h"

namespace weir::ats_plane {

class Inbox;

// Never destroyed: the server's threads may outlive everything else. Thread: any.
class Plane {
 public:
  // Both outlive the plane.
  Plane(runtime::Host& host, fetch::CodeFetcher& fetcher) : host_(host), fetcher_(fetcher) {}

  // The process's. Defined where the plugin is put together: it makes the engines and the host.
  static Plane& get();

  runtime::Host& host() const { return host_; }
  CallThread& calls() { return calls_; }

  // A set that has been loaded and is in use from now on, until it is retired. The error says why
  // it cannot be loaded.
  Result<std::shared_ptr<PluginSet>> add(std::vector<std::string> files, std::string folder);

  // What is to be done before files are taken anew.
  void before_reload(std::function<void()> task) {
    state_.lock()->before.push_back(std::move(task));
  }
  // Takes all files anew, each set for itself, and logs what came of it. A stop leaves those that
  // are not loaded yet as they are.
  void reload(const std::stop_token& stop = {});
  // The same, where a newer wish breaks off the one before.
  Reloader& reloader() { return reloader_; }

  // The server takes connections: from now on plugins that cannot be loaded do not end it.
  void set_serving() { serving_.store(true, std::memory_order_release); }
  // The server ends: what is being fetched and loaded is broken off.
  void end();

  // Those in use.
  std::vector<std::shared_ptr<PluginSet>> sets() const;

  // The event threads that have a worker.
  void add_worker(Inbox& inbox);
  // Workers start what is new, and let go of what nobody uses any more.
  void tell_workers() const;

 private:
  struct State {
    std::vector<std::shared_ptr<PluginSet>> sets;
    std::vector<Inbox*> workers;
    std::vector<std::function<void()>> before;  // a reload
  };

  runtime::Host& host_;
  fetch::CodeFetcher& fetcher_;
  CallThread calls_;
  Guarded<State> state_;
  std::atomic<bool> serving_ = false;
  std::stop_source ending_;
  Reloader reloader_{[this](const std::stop_token& stop) { reload(stop); }};
};

}  // namespace weir::ats_plane

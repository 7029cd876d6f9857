#pragma once
// One worker: a thread with an event loop, and all that serves requests on it.

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/cluster.h"
#include "planes/serve/filter_chain.h"
#include "planes/serve/listener.h"
#include "planes/serve/route_table.h"
#include "planes/serve/worker_plugins.h"
#include "runtime/host.h"

namespace weir::serve {

// What every worker is made from. All outlive the workers.
struct WorkerParts {
  runtime::Host& host;
  const config::ServeSettings& settings;
  std::span<const RouteTable> routes;          // by listener
  std::span<const PluginRange> plugin_ranges;  // by listener
  size_t plugin_count;
};

// Thread: the worker's changes it, any reads it.
struct WorkerStats {
  explicit WorkerStats(const config::ServeSettings& settings)
      : exchanges(settings.listeners.size()),
        routers(settings.clusters.size()),
        clusters(settings.clusters.size()) {}

  std::vector<ExchangeStats> exchanges;  // by listener
  std::vector<RouterStats> routers;      // by cluster
  std::vector<ClusterStats> clusters;
};

// Thread: the one that made it, save where something else is said.
class WorkerThread {
 public:
  // Starts the thread; it serves nothing before listen().
  WorkerThread(const WorkerParts& parts, size_t index);
  // Breaks off what is under way.
  ~WorkerThread();

  // These run on the worker, and wait for it. Thread: any but a worker's.
  //
  // Makes the clusters. To be called once, before all else.
  Done open_clusters();
  Done prepare(size_t place, std::shared_ptr<const runtime::Plugin> plugin);
  void commit(size_t place);
  void discard(size_t place);
  // Binds a listener; answers its port. Its plugins are there.
  Result<uint16_t> listen(size_t listener, uint16_t port);

  // Stops accepting and lets streams end; `done` is called on the worker when none is left.
  // Thread: any.
  void drain(std::function<void()> done);

  // What the worker says of its plugins, by place; `done` is called on the worker. Thread: any.
  using PluginStatuses = std::vector<runtime::WorkerPlugin::Status>;
  void report_plugins(std::function<void(PluginStatuses)> done);

  // Thread: any.
  const WorkerStats& stats() const { return stats_; }
  // Null before listen(). Thread: any that has seen listen() return.
  const ListenerStats* listener_stats(size_t listener) const;

 private:
  class State;

  // Runs `task` on the worker and answers its result.
  template <typename Task>
  auto call(Task task);
  void run(std::promise<void>& started, const WorkerParts& parts);

  WorkerStats stats_;
  std::unique_ptr<boost::asio::io_context> io_;
  State* state_ = nullptr;  // lives on the worker's stack
  std::vector<const ListenerStats*> listener_stats_;
  std::thread thread_;
};

}  // namespace weir::serve

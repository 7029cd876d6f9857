#pragma once
// One worker: a thread with an event loop, and all that serves requests on it.

#include <future>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "planes/serve/generation.h"
#include "planes/serve/socket_pool.h"
#include "planes/serve/worker_generation.h"
#include "planes/serve/worker_stats.h"
#include "runtime/worker.h"

namespace weir::serve {

// The configuration changes in two steps, so that all workers change or none does: prepare() makes
// the next generation beside the one that serves, then commit() or discard(). Requests that begin
// after a commit() belong to the new generation, on old connections too; those under way end in
// the one that they began in. Thread: the one that made it, save where something else is said.
class WorkerThread {
 public:
  // What workers have in common. All outlive them.
  struct Parts {
    runtime::Host& host;
    LogFiles& log_files;
    const SocketPool& pool;
    // After it, connections of a listener that is no longer in the configuration are broken off.
    Milliseconds drain_time;
  };

  // Starts the thread; it serves nothing before commit(). `index` is its place among the workers.
  WorkerThread(const Parts& parts, WorkerRole role, size_t index);
  // Breaks off what is under way.
  ~WorkerThread();

  // These run on the worker, and wait for it. Thread: any but a worker's.
  //
  // Starts plugins, binds listeners. `ports`: where each listener is to be bound if its settings
  // leave the port to the system, by listener; 0: the system chooses here. Answers where they are;
  // one for singletons has no listeners, and answers `ports`.
  Result<std::vector<uint16_t>> prepare(std::shared_ptr<const Generation> next,
                                        std::span<const uint16_t> ports);
  // Serves what was prepared. An error tells of a listener that cannot listen after all.
  Done commit();
  void discard();

  // Further descriptors of the sockets that it listens on. Waits for the worker. Thread: any but a
  // worker's.
  std::vector<SocketPool::Socket> sockets();

  // Stops accepting and lets streams end; `done` is called on the worker when none is left. Nothing
  // is committed any more. Thread: any.
  enum class Drain : uint8_t {
    Now,
    AfterNext,  // as Listener::drain_after_next(): another process goes on
  };
  void drain(Drain how, std::function<void()> done);
  // Ends connections without a request, while it drains. Thread: any.
  void end_idle_connections();

  // Calls back on the worker, soon. Thread: any.
  void post(std::function<void()> task);

  // What the worker says of its plugins, by place; `done` is called on the worker. Thread: any.
  struct PluginStatuses {
    std::shared_ptr<const Generation> generation;  // null before the first commit()
    std::vector<std::optional<runtime::WorkerPlugin::Status>>
        by_place;  // of one elsewhere, nothing
  };
  void report_plugins(std::function<void(PluginStatuses)> done);

  // The same of its clusters' endpoints.
  struct ClusterStatuses {
    std::shared_ptr<const Generation> generation;  // null before the first commit()
    std::map<std::string, std::vector<EndpointStatus>> by_name;
  };
  void report_clusters(std::function<void(ClusterStatuses)> done);

  // Thread: any.
  const WorkerStats& stats() const { return stats_; }

 private:
  class State;

  // Runs `task` on the worker and answers its result.
  template <typename Task>
  auto call(Task task);
  void run(std::promise<void>& started, const Parts& parts, WorkerRole role, size_t index);

  const WorkerStats stats_{};
  std::unique_ptr<boost::asio::io_context> io_;
  State* state_ = nullptr;  // lives on the worker's stack
  std::thread thread_;
};

}  // namespace weir::serve

#pragma once
// The listening sockets of one worker, as the configuration changes.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "planes/serve/entrance.h"
#include "planes/serve/listener.h"
#include "planes/serve/net.h"
#include "planes/serve/socket_pool.h"
#include "planes/serve/worker_generation.h"

namespace weir::serve {

// A socket whose address stays in the configuration stays open, whatever changes behind it: no
// connection that waits in it is lost. Thread: its worker's.
class WorkerListeners {
 public:
  // All outlive it. `worker` is its place among the workers.
  WorkerListeners(boost::asio::io_context& io, const WorkerStats& stats, const SocketPool& pool,
                  size_t worker, Milliseconds drain_time)
      : io_(io), stats_(stats), pool_(pool), worker_(worker), drain_time_(drain_time) {}

  // Takes from the pool, or binds, what `next` has more than there is. `ports` and the answer:
  // WorkerThread::prepare().
  Result<std::vector<uint16_t>> prepare(const config::ServeSettings& next,
                                        std::span<const uint16_t> ports);
  // Leads new requests to `next`, whose settings were prepared; lets the connections of listeners
  // that it has not end where they are.
  Done commit(WorkerGeneration& next);
  void discard() { next_.clear(); }

  // Lets connections end that are served by what the configuration has no more. To be called now
  // and then.
  void tidy();
  // Whether a listener or filter chain that is being drained still begins streams of that
  // generation.
  bool leads_to(const WorkerGeneration& generation) const;

  // Further descriptors of the sockets that are listened on, by the name of the listener.
  std::vector<SocketPool::Socket> sockets() const;

  // As the listeners' functions of these names; `done` is called, later, when no connection is
  // left.
  void drain(std::function<void()> done) { drain(std::move(done), &Listener::drain); }
  void drain_after_next(std::function<void()> done) {
    drain(std::move(done), &Listener::drain_after_next);
  }
  void end_idle_connections();
  // Breaks off every connection.
  void clear();

 private:
  struct Entry {
    config::Listener settings;
    std::unique_ptr<Entrance> entrance;
    std::unique_ptr<Listener> listener;  // null in next_: the one that is there stays
    std::unique_ptr<Timer> drain_timer;
  };

  const Entry* find(const config::Listener& settings) const;
  Result<Entry> bind(const config::Listener& settings, uint16_t port) const;
  void retire(Entry entry);
  void drain(std::function<void()> done, void (Listener::*how)(std::function<void()>));

  boost::asio::io_context& io_;
  const WorkerStats& stats_;
  const SocketPool& pool_;
  const size_t worker_;
  const Milliseconds drain_time_;
  std::vector<Entry> current_;
  std::vector<Entry> next_;
  std::vector<Entry> draining_;
  size_t undrained_ = 0;
  std::function<void()> drained_;
};

}  // namespace weir::serve

#pragma once
// Plugins on one worker thread of a plane.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/host.h"
#include "runtime/http_context.h"
#include "runtime/network_context.h"
#include "runtime/stream.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class VmSlot;
struct VmUser;
class WorkerPlugin;

// What a plane thread has one of. It shares nothing with other workers on the request path.
// Thread: the one that made it.
class Worker {
 public:
  // All outlive the worker.
  Worker(Host& host, WorkerServices& services);
  ~Worker();

  // Starts the plugin here: an instance of its VM, unless this worker runs one already, and a root
  // context, unless another plugin of the same VM, name, root_id and configuration has one. The
  // error says what the plugin refused; the plugin then does not exist here. The worker outlives
  // the result.
  //
  // Where the VM is at work since commit(), its instance takes in no further root: a fresh instance
  // is started aside. Its other plugins stay in the one they are in, unless they are carried over.
  Result<std::unique_ptr<WorkerPlugin>> start(std::shared_ptr<const Plugin> plugin);

  // Starts the plugin in the instance aside, too, if its VM has one that it is not in. Nothing
  // comes of it before commit(), nor if all plugins that were started there go before.
  Done carry_over(WorkerPlugin& plugin);

  // Both, where nothing can be refused any more: of `others`, which run here, those of its VM are
  // carried over, and one that does not start again stays where it is, with a line in the log. The
  // fresh instance is at work from the event loop's next turn on, before a commit(), so that what
  // is in both does not go on in both. The error is the plugin's own.
  Result<std::unique_ptr<WorkerPlugin>> join(const std::shared_ptr<const Plugin>& plugin,
                                             std::span<WorkerPlugin* const> others);

  // What has been started is at work from now on. Plugins that were carried over have their streams
  // to come in the fresh instance; their former root ends once its streams have gone. Costs next to
  // nothing where nothing has been started since.
  void commit();

  Host& host() const { return host_; }
  WorkerServices& services() const { return services_; }

 private:
  friend class WorkerPlugin;
  class Slots;

  bool bring_along(const WorkerPlugin& joined, std::vector<WorkerPlugin*>& others);

  Host& host_;
  WorkerServices& services_;
  std::unique_ptr<Slots> slots_;
};

// A plugin on a worker. Destroying it ends the root context once the streams that use it are gone;
// they may outlive it. Thread: the worker's.
class WorkerPlugin {
 public:
  ~WorkerPlugin();

  // A context for a new stream. Never null: where the VM has failed and cannot be started again
  // now, the context applies the failure policy from its first callback on. `stream` outlives it;
  // one of its verbs may be called before this returns, where the guest fails on being told.
  std::unique_ptr<HttpContext> make_http_context(HttpStream& stream);
  std::unique_ptr<NetworkContext> make_network_context(NetworkStream& stream);

  // Tells the plugin's root context of a finished stream (proxy_on_log), of which everything can be
  // read; as in Envoy an access log has no context of its own. Nothing happens where the VM has
  // failed and cannot be started again now. `stream` is used during the call.
  void log(HttpStream& stream);

  // Calls the plugin's root context back on a foreign function of the embedder's
  // (proxy_on_foreign_function), by a number that both have agreed on; the plugin reads `arguments`
  // meanwhile. Not while a guest runs on this worker: what one asks for is done after it. Nothing
  // happens where the VM has failed and cannot be started again now.
  void on_foreign_function(uint32_t function_id, std::string_view arguments);

  // Starts it again if it has failed and may be started now.
  void keep_running();

  const Plugin& plugin() const { return *plugin_; }

  struct Status {
    bool running;              // false: its VM has failed, and the next stream starts another
    bool backing_off;          // and this one would not: it is too soon
    uint64_t failures;         // of its VM on this worker
    std::string last_failure;  // one line; empty before the first
    // The VM's instances here that belong to one stream each.
    uint64_t stream_instances = 0;
    uint64_t stream_memory_bytes = 0;
  };
  Status status() const;

 private:
  friend class Worker;
  WorkerPlugin(std::shared_ptr<const Plugin> plugin, VmUser& user);

  // An `Unavailable` where no instance can be had.
  template <typename Context, typename Unavailable, typename Base, typename Stream>
  std::unique_ptr<Base> make_context(Stream& stream);

  std::shared_ptr<const Plugin> plugin_;
  VmUser& user_;
};

}  // namespace weir::runtime

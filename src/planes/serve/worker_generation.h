#pragma once
// A generation of the configuration on one worker: clusters, plugins, and what serves listeners.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "planes/serve/cluster_upstreams.h"
#include "planes/serve/filtered_cluster.h"
#include "planes/serve/generation.h"
#include "planes/serve/listener_parts.h"
#include "planes/serve/worker_stats.h"
#include "runtime/worker.h"

namespace weir::serve {

// What runs on a worker of the process.
enum class WorkerRole : uint8_t {
  Streams,     // all but singletons
  Singletons,  // nothing else
};

// What a worker has one of. All outlive its generations.
struct WorkerSurroundings {
  WorkerRole role;
  boost::asio::io_context& io;
  runtime::Host& host;
  runtime::Worker& worker;
  ClusterUpstreams& upstreams;
  Reaper& reaper;
  TimeoutQueue& timeouts;
  runtime::WorkerServices& services;
  LogFiles& log_files;
  const WorkerStats& stats;
};

// Streams end in the generation that they began in: it is to be kept while open() holds any, and
// what they have buried is to be reaped before it goes. Thread: its worker's.
class WorkerGeneration {
 public:
  // Clusters and plugins that are the same in `before` are shared with it; all others are made and
  // started. From then on plugins find the clusters of this generation first. `before` may be null.
  static Result<std::unique_ptr<WorkerGeneration>> make(
      const WorkerSurroundings& surroundings, std::shared_ptr<const Generation> generation,
      const WorkerGeneration* before);
  ~WorkerGeneration();

  const Generation& generation() const { return *generation_; }
  const std::shared_ptr<const Generation>& shared_generation() const { return generation_; }

  // Makes what serves the connections and requests of that filter chain, until release_plugins().
  ListenerParts& chain(size_t listener, size_t chain) { return *chains_[listener][chain]; }

  // Lets go of the plugins: no stream will begin here any more.
  void release_plugins();

  OpenStreams& open() { return open_; }
  // By place; of a plugin that is not there, nothing.
  std::vector<std::optional<runtime::WorkerPlugin::Status>> plugin_statuses() const;
  // By cluster.
  std::map<std::string, std::vector<EndpointStatus>> cluster_statuses() const;

 private:
  WorkerGeneration(const WorkerSurroundings& surroundings,
                   std::shared_ptr<const Generation> generation);
  // Whether the plugin at that place runs on this worker.
  bool has(const PlacedPlugin& place) const {
    return place.singleton == (surroundings_.role == WorkerRole::Singletons);
  }
  bool has_any() const;
  // No stream comes to start a service again that has failed: that is looked for now and then.
  void keep_services();
  // Null: there is none with these settings.
  std::shared_ptr<Cluster> same_cluster(const config::Cluster& settings,
                                        const std::shared_ptr<const TlsContext>& tls) const;
  Done make_clusters(const WorkerGeneration* before);
  Done start_plugins(const WorkerGeneration* before);
  void make_listeners();
  // Of those that have plugins of their own.
  void filter_clusters();
  std::unique_ptr<ListenerParts> make_chain(const config::Listener& listener,
                                            const config::FilterChain& settings,
                                            const GenerationChain& made);

  const WorkerSurroundings surroundings_;
  const std::shared_ptr<const Generation> generation_;
  NamedClusters clusters_;
  // By their place in the settings, for routers.
  std::vector<Cluster*> routed_clusters_;
  std::vector<RouterStats*> router_stats_;
  OpenStreams open_;
  std::vector<std::unique_ptr<FilteredCluster>> filtered_clusters_;
  std::vector<std::vector<std::unique_ptr<ListenerParts>>> chains_;
  std::vector<std::shared_ptr<runtime::WorkerPlugin>> plugins_;  // by place
  ContextMakers makers_;
  std::vector<runtime::WorkerPlugin*> services_;
  std::unique_ptr<runtime::Timer> service_timer_;
};

}  // namespace weir::serve

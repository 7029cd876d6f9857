#include "planes/serve/worker_generation.h"

#include <algorithm>

#include "planes/common/buffer_limit.h"
#include "planes/serve/cluster_settings.h"
#include "runtime/unavailable_context.h"

namespace weir::serve {
namespace {

constexpr Milliseconds kServiceCheck{500};

// For a stream of a plugin whose code has not come: its failure policy decides.
template <typename Context, typename Stream>
std::unique_ptr<Context> do_without(const PlacedPlugin& place, Stream& stream) {
  const bool open = place.settings.failure_policy == config::FailurePolicy::FailOpen;
  return std::make_unique<Context>(
      stream, open ? runtime::FailurePolicy::FailOpen : runtime::FailurePolicy::FailClosed,
      place.absent);
}

void add_absent(const PlacedPlugin& place, ContextMakers& into) {
  into.http.push_back([&place](runtime::HttpStream& stream) {
    return do_without<runtime::UnavailableHttpContext>(place, stream);
  });
  into.network.push_back([&place](runtime::NetworkStream& stream) {
    return do_without<runtime::UnavailableNetworkContext>(place, stream);
  });
  into.logs.emplace_back([](LogRecord&) {});
}

}  // namespace

Result<std::unique_ptr<WorkerGeneration>> WorkerGeneration::make(
    const WorkerSurroundings& surroundings, std::shared_ptr<const Generation> generation,
    const WorkerGeneration* before) {
  std::unique_ptr<WorkerGeneration> made(new WorkerGeneration(surroundings, std::move(generation)));
  if (!made->has_any()) return made;
  WEIR_TRY(made->make_clusters(before));
  WEIR_TRY(made->start_plugins(before));
  made->keep_services();
  if (surroundings.role == WorkerRole::Streams) {
    made->filter_clusters();
    made->make_listeners();
  }
  return made;
}

WorkerGeneration::WorkerGeneration(const WorkerSurroundings& surroundings,
                                   std::shared_ptr<const Generation> generation)
    : surroundings_(surroundings), generation_(std::move(generation)) {
  surroundings_.upstreams.push_front(clusters_);
}

WorkerGeneration::~WorkerGeneration() {
  // Plugins that end here may still call.
  release_plugins();
  chains_.clear();
  surroundings_.upstreams.remove(clusters_);
}

bool WorkerGeneration::has_any() const {
  return surroundings_.role == WorkerRole::Streams ||
         std::ranges::any_of(generation_->plugins, &PlacedPlugin::singleton);
}

void WorkerGeneration::keep_services() {
  if (services_.empty()) return;
  if (service_timer_ == nullptr) {
    service_timer_ = surroundings_.services.make_timer([this] {
      for (runtime::WorkerPlugin* service : services_) service->keep_running();
      keep_services();
    });
  }
  service_timer_->start(kServiceCheck);
}

std::shared_ptr<Cluster> WorkerGeneration::same_cluster(
    const config::Cluster& settings, const std::shared_ptr<const TlsContext>& tls) const {
  const auto& known = generation_->settings.clusters;
  for (size_t i = 0; i < known.size(); ++i) {
    const bool same = known[i] == settings && generation_->cluster_tls[i] == tls;
    const auto found = clusters_.find(settings.name);
    if (same && found != clusters_.end()) return found->second;
  }
  return nullptr;
}

Done WorkerGeneration::make_clusters(const WorkerGeneration* before) {
  for (size_t i = 0; i < generation_->settings.clusters.size(); ++i) {
    const config::Cluster& settings = generation_->settings.clusters[i];
    const auto& tls = generation_->cluster_tls[i];
    ClusterCounts& counts = surroundings_.stats.cluster(settings.name);
    std::shared_ptr<Cluster> cluster =
        before == nullptr ? nullptr : before->same_cluster(settings, tls);
    if (cluster == nullptr) {
      ClusterSettings made_of = cluster_settings(settings);
      made_of.tls = tls;
      made_of.stats = &counts.connections;
      auto made = make_cluster(surroundings_.io, made_of);
      if (!made.ok()) return std::move(made).error().in("cluster '" + settings.name + "'");
      cluster = std::move(made).value();
    }
    routed_clusters_.push_back(cluster.get());
    router_stats_.push_back(&counts.routed);
    clusters_.emplace(settings.name, std::move(cluster));
  }
  return Unit{};
}

Done WorkerGeneration::start_plugins(const WorkerGeneration* before) {
  for (const PlacedPlugin& place : generation_->plugins) {
    if (place.plugin == nullptr || !has(place)) {
      add_absent(place, makers_);
      plugins_.emplace_back();
      continue;
    }
    std::shared_ptr<runtime::WorkerPlugin> plugin;
    if (before != nullptr) {
      const auto same = std::ranges::find_if(before->plugins_, [&](const auto& known) {
        return known != nullptr && &known->plugin() == place.plugin.get();
      });
      if (same != before->plugins_.end()) plugin = *same;
    }
    if (plugin == nullptr) {
      auto started = surroundings_.worker.start(place.plugin);
      if (!started.ok()) return at_place(place, std::move(started).error());
      plugin = std::move(started).value();
    }
    makers_.http.push_back([plugin = plugin.get()](runtime::HttpStream& stream) {
      return plugin->make_http_context(stream);
    });
    makers_.network.push_back([plugin = plugin.get()](runtime::NetworkStream& stream) {
      return plugin->make_network_context(stream);
    });
    // Streams that end after others have begun in the next generation are logged too.
    makers_.logs.emplace_back([plugin](LogRecord& record) { plugin->log(record); });
    if (place.service) services_.push_back(plugin.get());
    plugins_.push_back(std::move(plugin));
  }
  // Those that share a VM with a new one come along into its fresh instance.
  for (size_t i = 0; i < plugins_.size(); ++i) {
    if (plugins_[i] == nullptr) continue;
    Done carried = surroundings_.worker.carry_over(*plugins_[i]);
    if (!carried.ok()) return at_place(generation_->plugins[i], std::move(carried).error());
  }
  return Unit{};
}

void WorkerGeneration::filter_clusters() {
  for (size_t i = 0; i < routed_clusters_.size(); ++i) {
    const PluginRange range = generation_->cluster_plugins[i];
    if (range.count == 0) continue;
    const std::string& name = generation_->settings.clusters[i].name;
    FilteredClusterParts parts{.cluster = clusters_.at(name),
                               .plugins = {},
                               .plugin_names = {},
                               .reaper = surroundings_.reaper,
                               .timeouts = surroundings_.timeouts,
                               .services = surroundings_.worker.services(),
                               .clock = surroundings_.host.clock(),
                               .open = open_.exchanges};
    for (size_t place = range.first; place < range.first + range.count; ++place) {
      parts.plugin_names.push_back(generation_->plugins[place].settings.name);
      // Kept, as requests that are tried again come here after release_plugins(), too.
      parts.plugins.emplace_back([plugin = plugins_[place], make = makers_.http[place]](
                                     runtime::HttpStream& stream) { return make(stream); });
    }
    filtered_clusters_.push_back(std::make_unique<FilteredCluster>(std::move(parts)));
    routed_clusters_[i] = filtered_clusters_.back().get();
  }
}

void WorkerGeneration::make_listeners() {
  for (size_t i = 0; i < generation_->chains.size(); ++i) {
    const config::Listener& settings = generation_->settings.listeners[i];
    auto& chains = chains_.emplace_back();
    for (size_t j = 0; j < settings.chains.size(); ++j) {
      chains.push_back(make_chain(settings, settings.chains[j], generation_->chains[i][j]));
    }
  }
}

std::unique_ptr<ListenerParts> WorkerGeneration::make_chain(const config::Listener& listener,
                                                            const config::FilterChain& settings,
                                                            const GenerationChain& made) {
  TcpStats* sessions = nullptr;
  HttpCounts* http = nullptr;
  if (settings.tcp_proxy) {
    sessions = &surroundings_.stats.tcp(settings.tcp_proxy->stat_prefix);
  } else {
    const std::string& prefix = settings.stat_prefix;
    http = &surroundings_.stats.http(prefix.empty() ? listener.name : prefix);
  }
  return std::make_unique<ListenerParts>(
      ListenerSurroundings{.settings = settings,
                           .buffer_limit = listener.buffer_limit,
                           .clusters = clusters_,
                           .makers = makers_,
                           .made = made,
                           .router = {.routes = *made.routes,
                                      .clusters = routed_clusters_,
                                      .stats = router_stats_,
                                      .reaper = surroundings_.reaper,
                                      .timeouts = surroundings_.timeouts,
                                      .services = surroundings_.worker.services(),
                                      .replay_limit = planes::kBufferLimit,
                                      .tells_service_time = settings.tells_service_time},
                           .log_files = surroundings_.log_files,
                           .services = surroundings_.services,
                           .http = http,
                           .sessions = sessions,
                           .clock = surroundings_.host.clock(),
                           .open = open_});
}

std::map<std::string, std::vector<EndpointStatus>> WorkerGeneration::cluster_statuses() const {
  std::map<std::string, std::vector<EndpointStatus>> statuses;
  for (const auto& [name, cluster] : clusters_) statuses.emplace(name, cluster->endpoints());
  return statuses;
}

void WorkerGeneration::release_plugins() {
  makers_ = {};
  services_.clear();
  service_timer_.reset();
  plugins_.clear();
}

std::vector<std::optional<runtime::WorkerPlugin::Status>> WorkerGeneration::plugin_statuses()
    const {
  std::vector<std::optional<runtime::WorkerPlugin::Status>> statuses(generation_->plugins.size());
  for (size_t place = 0; place < plugins_.size(); ++place) {
    if (plugins_[place] != nullptr) statuses[place] = plugins_[place]->status();
  }
  return statuses;
}

}  // namespace weir::serve

#include "planes/serve/filtered_cluster.h"

#include "base/check.h"
#include "planes/common/buffer_limit.h"
#include "planes/serve/filtered_exchange.h"

namespace weir::serve {
namespace {

// What the request's route has said is done: it goes where it goes, for as long as it takes.
RouteTable make_routes() {
  static const std::string kName = "behind the plugins";
  config::Route route;
  route.action = config::Forward{.clusters = {{.name = kName}}, .timeout = Milliseconds(0)};
  config::RouteConfiguration routes;
  routes.virtual_hosts.push_back({.name = kName, .domains = {"*"}, .routes = {std::move(route)}});
  config::ServeSettings settings;
  settings.clusters.push_back({.name = kName});
  auto table = RouteTable::make(routes, settings);
  WEIR_CHECK(table.ok());
  return std::move(table).value();
}

}  // namespace

FilteredCluster::FilteredCluster(FilteredClusterParts parts)
    : parts_(std::move(parts)),
      routes_(make_routes()),
      behind_(parts_.cluster.get()),
      chain_{.router = {.routes = routes_,
                        .clusters = {&behind_, 1},
                        .stats = {&counted_, 1},
                        .reaper = parts_.reaper,
                        .timeouts = parts_.timeouts,
                        .services = parts_.services,
                        .replay_limit = planes::kBufferLimit},
             .name = "",
             .buffer_limit = planes::kBufferLimit,
             .clock = parts_.clock,
             .stats = exchange_stats_,
             .open = parts_.open,
             .plugin_names = parts_.plugin_names,
             .is_upstream = true} {}

// For a caller that has a client the other one does; calls of plugins pass no plugins.
std::unique_ptr<UpstreamExchange> FilteredCluster::open(MessageSink& response,
                                                        MessageSource* request, bool need_http2) {
  return parts_.cluster->open(response, request, need_http2);
}

std::unique_ptr<UpstreamExchange> FilteredCluster::open_for(const ConnectionInfo& client,
                                                            MessageSink& response,
                                                            MessageSource* request) {
  return std::make_unique<FilteredExchange>(chain_, parts_.plugins, client, response, request);
}

}  // namespace weir::serve

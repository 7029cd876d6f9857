#include "planes/serve/listener_parts.h"

#include <random>

namespace weir::serve {
namespace {

std::vector<TcpTargets::Target> targets_of(const ListenerSurroundings& around) {
  std::vector<TcpTargets::Target> targets;
  for (const config::TcpProxy::Target& target : around.settings.tcp_proxy->targets) {
    targets.push_back({.name = target.cluster,
                       .cluster = around.clusters.at(target.cluster).get(),
                       .weight = target.weight});
  }
  return targets;
}

}  // namespace

ListenerParts::ListenerParts(const ListenerSurroundings& surroundings)
    : around_(surroundings),
      chain_{.router = around_.router,
             .name = around_.settings.filter_chain,
             .buffer_limit = kBufferLimit,
             .clock = around_.clock,
             .stats = around_.exchanges,
             .open = around_.open.exchanges},
      filtered_{.filter_chain = around_.settings.filter_chain,
                .buffer_limit = kBufferLimit,
                .reaper = around_.router.reaper,
                .open = around_.open.filtered} {
  if (!around_.settings.tcp_proxy) return;
  targets_.emplace(targets_of(around_), std::random_device()());
  tcp_.emplace(TcpParts{.proxy = *around_.settings.tcp_proxy,
                        .filter_chain = around_.settings.filter_chain,
                        .targets = *targets_,
                        .buffer_limit = kBufferLimit,
                        .reaper = around_.router.reaper,
                        .timeouts = around_.router.timeouts,
                        .clock = around_.clock,
                        .stats = *around_.sessions,
                        .open = around_.open.sessions});
}

std::unique_ptr<Codec> ListenerParts::make_codec(const ClientConnection& client, Bytes first,
                                                 CodecFactory& http) {
  if (tcp_) return TcpSession::make(*tcp_, client.carrier, client.info, network_plugins());
  if (around_.places.network.count == 0) return http.make_codec(client, first);
  return make_filtered_codec(filtered_, client, http, network_plugins());
}

Exchange& ListenerParts::make_exchange(ClientStream& client) {
  const PluginRange range = around_.places.http;
  return FilterChain::make(chain_, client,
                           std::span(around_.makers.http).subspan(range.first, range.count));
}

void destroy_all(OpenStreams& open) {
  destroy_all(open.exchanges);
  destroy_all(open.sessions);
  destroy_all(open.filtered);
}

}  // namespace weir::serve

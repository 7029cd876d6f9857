#include "planes/serve/listener_parts.h"

#include <random>

#include "planes/serve/client_identity.h"
#include "planes/serve/refusal_record.h"

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

std::vector<std::string> names_of(const std::vector<config::PluginSettings>& plugins) {
  std::vector<std::string> names;
  for (const auto& plugin : plugins) names.push_back(plugin.name);
  return names;
}

// For each access log what tells its plugin; empty where it is a file.
std::vector<TellPlugin> log_plugins(const ListenerSurroundings& around) {
  std::vector<TellPlugin> plugins;
  size_t place = around.made.plugins.logs.first;
  for (const config::AccessLog& log : around.settings.access_logs) {
    const bool is_plugin = std::holds_alternative<config::PluginSettings>(log.to);
    plugins.push_back(is_plugin ? around.makers.logs[place++] : TellPlugin());
  }
  return plugins;
}

}  // namespace

ListenerParts::ListenerParts(const ListenerSurroundings& surroundings)
    : around_(surroundings),
      http_names_(names_of(around_.settings.plugins)),
      network_names_(names_of(around_.settings.network_plugins)),
      logs_(around_.settings.access_logs, around_.made.log_sinks, log_plugins(around_),
            around_.log_files, around_.services),
      http_(around_.http == nullptr ? unused_ : *around_.http),
      chain_{.router = around_.router,
             .name = around_.settings.name,
             .buffer_limit = around_.buffer_limit,
             .clock = around_.clock,
             .stats = http_.exchanges,
             .open = around_.open.exchanges,
             .plugin_names = http_names_,
             .logs = logs_.empty() ? nullptr : &logs_,
             .identity = &around_.settings.identity,
             .uri = around_.settings.uri.any() ? &around_.settings.uri : nullptr,
             .filters = around_.settings.filters,
             .max_duration = around_.settings.limits.max_stream_duration,
             .limits = around_.settings.requests},
      filtered_{.filter_chain = around_.settings.name,
                .buffer_limit = around_.buffer_limit,
                .reaper = around_.router.reaper,
                .open = around_.open.filtered} {
  if (!around_.settings.tcp_proxy) return;
  targets_.emplace(targets_of(around_), std::random_device()());
  tcp_.emplace(TcpParts{.proxy = *around_.settings.tcp_proxy,
                        .filter_chain = around_.settings.name,
                        .targets = *targets_,
                        .buffer_limit = around_.buffer_limit,
                        .reaper = around_.router.reaper,
                        .timeouts = around_.router.timeouts,
                        .clock = around_.clock,
                        .stats = *around_.sessions,
                        .open = around_.open.sessions,
                        .plugin_names = network_names_,
                        .logs = logs_.empty() ? nullptr : &logs_});
}

std::unique_ptr<Codec> ListenerParts::make_codec(const ClientConnection& client, ReadBuffer& input,
                                                 CodecFactory& http) {
  if (tcp_) return TcpSession::make(*tcp_, client.carrier, client.info, network_plugins());
  client.carrier.count_traffic({http_.codecs.received_bytes, http_.codecs.sent_bytes});
  const ClientConnection counted{.carrier = client.carrier,
                                 .info = client.info,
                                 .options = client.options,
                                 .stats = http_.codecs};
  if (around_.made.plugins.network.count == 0) return http.make_codec(counted, input);
  return make_filtered_codec(filtered_, counted, http, network_plugins());
}

Exchange& ListenerParts::make_exchange(ClientStream& client) {
  const PluginRange range = around_.made.plugins.http;
  return FilterChain::make(chain_, client,
                           std::span(around_.makers.http).subspan(range.first, range.count));
}

void ListenerParts::note_refusal(const RequestInfo& request, const Refusal& refusal) {
  count_response(http_.exchanges, refusal.status);
  if (logs_.empty()) return;
  RefusalRecord record(request, refusal, around_.settings.name, around_.clock);
  logs_.write(record);
}

void ListenerParts::introduce_proxy(HeaderList& response) {
  serve::introduce_proxy(around_.settings.identity, "", around_.clock, response);
}

void destroy_all(OpenStreams& open) {
  destroy_all(open.exchanges);
  destroy_all(open.sessions);
  destroy_all(open.filtered);
}

}  // namespace weir::serve

#pragma once
// What the connections of one filter chain are served with, in one generation on one worker.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/access_logs.h"
#include "planes/serve/cluster_upstreams.h"
#include "planes/serve/filter_chain.h"
#include "planes/serve/filtered_codec.h"
#include "planes/serve/generation.h"
#include "planes/serve/http_counts.h"
#include "planes/serve/listener.h"
#include "planes/serve/tcp_session.h"

namespace weir::serve {

// What has begun in a generation on one worker, and has not ended. Thread: the worker's.
struct OpenStreams {
  FilterChains exchanges;
  TcpSessions sessions;
  FilteredConnections filtered;

  bool empty() const { return exchanges.empty() && sessions.empty() && filtered.empty(); }
};

// When the worker ends. Their clients are closed.
void destroy_all(OpenStreams& open);

// The plugins of a generation on one worker, as they make contexts: by place.
struct ContextMakers {
  std::vector<MakeContext> http;
  std::vector<MakeNetworkContext> network;
  std::vector<TellPlugin> logs;
};

// All outlive the listener's parts.
struct ListenerSurroundings {
  const config::FilterChain& settings;
  uint64_t buffer_limit;  // of the listener, see config::Listener
  const NamedClusters& clusters;
  const ContextMakers& makers;
  const GenerationChain& made;
  RouterParts router;
  LogFiles& log_files;
  runtime::WorkerServices& services;
  HttpCounts* http;    // null: HTTP is not spoken
  TcpStats* sessions;  // null: no connection is carried
  const Clock& clock;
  OpenStreams& open;
};

// Makes what serves new connections and new requests. Outlives what it makes. Thread: the worker's.
class ListenerParts final : public ExchangeFactory {
 public:
  explicit ListenerParts(const ListenerSurroundings& surroundings);

  // What serves a new connection: `http` speaks HTTP, where that is spoken.
  std::unique_ptr<Codec> make_codec(const ClientConnection& client, ReadBuffer& input,
                                    CodecFactory& http);

  // What secures its connections before; null: nothing does.
  const std::shared_ptr<const TlsContext>& tls() const { return around_.made.tls; }

  // ExchangeFactory
  Exchange& make_exchange(ClientStream& client) override;
  void note_refusal(const RequestInfo& request, const Refusal& refusal) override;
  void introduce_proxy(HeaderList& response) override;

 private:
  std::span<const MakeNetworkContext> network_plugins() const {
    return std::span(around_.makers.network)
        .subspan(around_.made.plugins.network.first, around_.made.plugins.network.count);
  }

  const ListenerSurroundings around_;
  const std::vector<std::string> http_names_;     // of the plugins on requests
  const std::vector<std::string> network_names_;  // of those on connections
  AccessLogs logs_;
  HttpCounts unused_;  // where HTTP is not spoken
  HttpCounts& http_;
  const ChainParts chain_;
  std::optional<TcpTargets> targets_;
  std::optional<TcpParts> tcp_;
  const FilteredParts filtered_;
};

}  // namespace weir::serve

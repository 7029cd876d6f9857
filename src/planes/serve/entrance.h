#pragma once
// Where the connections of a listener, and the requests on them, go: to its filter chains, of the
// generation that serves.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "planes/serve/chain_chooser.h"
#include "planes/serve/listener.h"
#include "planes/serve/tls_session.h"
#include "planes/serve/worker_generation.h"

namespace weir::serve {

// One filter chain. A connection that speaks HTTP leads its requests to the generation that serves
// when they come. Outlives its connections. Thread: its worker's.
class ChainEntrance final : private ExchangeFactory {
 public:
  // Those whose matches are the same are the same chain in two configurations.
  ChainEntrance(const config::FilterChain& settings, const ListenerOptions& options);

  bool is_for(const config::FilterChain& settings) const {
    return settings.match == match_ && settings.is_default == is_default_;
  }
  void lead_to(WorkerGeneration& generation, size_t listener, size_t chain);
  const WorkerGeneration* generation() const { return generation_; }
  // ConnectionInfo::chain of its connections.
  uint64_t id() const { return id_; }

  std::unique_ptr<Codec> make_codec(const ClientConnection& client, ReadBuffer& input);
  // The same behind TLS.
  std::unique_ptr<Codec> make_plain_codec(const ClientConnection& client, ReadBuffer& input) {
    return parts_->make_codec(client, input, *http_);
  }

 private:
  Exchange& make_exchange(ClientStream& client) override { return parts_->make_exchange(client); }
  void note_refusal(const RequestInfo& request, const Refusal& refusal) override {
    parts_->note_refusal(request, refusal);
  }
  void introduce_proxy(HeaderList& response) override { parts_->introduce_proxy(response); }

  const uint64_t id_;
  const config::FilterChainMatch match_;
  const bool is_default_;
  ListenerOptions options_;  // with this chain's protocol
  WorkerGeneration* generation_ = nullptr;
  ListenerParts* parts_ = nullptr;
  const std::unique_ptr<CodecFactory> http_ = make_http_codecs(*this);
};

// All of a listener's chains. Thread: its worker's.
class Entrance final : public CodecFactory {
 public:
  // `stats` outlive it.
  Entrance(const ListenerOptions& options, ListenerStats& stats)
      : options_(options), stats_(stats) {}

  // Leads to the chains that the listener has there. What it has had more goes on where it was.
  void lead_to(WorkerGeneration& generation, size_t listener);

  // All its chains have gone, with the listener.
  void retire();

  // Lets connections of chains that have gone end: those that still have some after the drain time
  // are closed. To be called now and then.
  void end_retired(Listener& listener, Milliseconds drain_time);
  // Whether streams may still begin in that generation.
  bool leads_to(const WorkerGeneration& generation) const;

  // CodecFactory
  std::unique_ptr<Codec> make_codec(const ClientConnection& client, ReadBuffer& input) override;

 private:
  struct Retired {
    std::unique_ptr<ChainEntrance> chain;
    std::optional<std::chrono::steady_clock::time_point> since;  // once its connections were told
  };

  ChainEntrance* find(uint64_t chain) const;

  const ListenerOptions options_;
  ListenerStats& stats_;
  std::optional<ChainChooser> chooser_;
  config::Listener::ProxyProtocol proxy_protocol_ = config::Listener::ProxyProtocol::None;
  std::vector<std::unique_ptr<ChainEntrance>> chains_;  // by place
  std::vector<Retired> retired_;
  bool is_retired_ = false;
};

}  // namespace weir::serve

#include "planes/serve/entrance.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "planes/serve/proxy_header.h"
#include "planes/serve/tls_codec.h"

namespace weir::serve {
namespace {

std::atomic<uint64_t> next_chain_id = 1;

ListenerOptions::Protocol protocol_of(const config::FilterChain& chain) {
  switch (chain.codec) {
    case config::FilterChain::Codec::Auto:
      return ListenerOptions::Protocol::Auto;
    case config::FilterChain::Codec::Http1:
      return ListenerOptions::Protocol::Http1;
    case config::FilterChain::Codec::Http2:
      return ListenerOptions::Protocol::Http2;
  }
  return ListenerOptions::Protocol::Auto;
}

// After all that exchanges wait for by themselves, which answer then; zero where any of them may
// wait for ever.
Milliseconds longest_idle(const config::FilterChain& chain) {
  constexpr Milliseconds kAfter{1000};
  Milliseconds longest = chain.requests.stream_idle;
  bool ends = longest.count() > 0;
  for (const config::VirtualHost& host : chain.routes.virtual_hosts) {
    for (const config::Route& route : host.routes) {
      const auto* const forward = std::get_if<config::Forward>(&route.action);
      if (forward == nullptr || !forward->idle_timeout) continue;
      longest = std::max(longest, *forward->idle_timeout);
      ends &= forward->idle_timeout->count() > 0;
    }
  }
  return ends ? longest + kAfter : Milliseconds::zero();
}

// What a client says behind TLS.
class SecuredClient final : public TlsUser {
 public:
  SecuredClient(ChainEntrance& chain, const ClientConnection& client)
      : chain_(chain), client_(client) {}

  void on_secured(std::shared_ptr<const TlsInfo> info) override {
    client_.info.tls = std::move(info);
  }
  std::unique_ptr<Codec> choose_codec(ReadBuffer& input) override {
    return chain_.make_plain_codec(client_, input);
  }
  void on_failed(Disconnect, std::string_view) override {}

 private:
  ChainEntrance& chain_;
  const ClientConnection client_;
};

// Of a connection that nobody serves.
class RefusedCodec final : public Codec {
 public:
  void receive(ReadBuffer& input) override { input.consume(input.unread().size()); }
  bool wants_input() const override { return true; }
  void disconnected(Disconnect, std::string_view) override {}
  Body& output() override { return nothing_; }
  void sent() override {}
  Ending ending() const override { return Ending::Close; }
  void drain() override {}
  size_t active() const override { return 0; }
  bool inside_head() const override { return false; }
  void head_timed_out() override {}

 private:
  Body nothing_;
};

}  // namespace

ChainEntrance::ChainEntrance(const config::FilterChain& settings, const ListenerOptions& options)
    : id_(next_chain_id.fetch_add(1, std::memory_order_relaxed)),
      match_(settings.match),
      is_default_(settings.is_default),
      options_(options) {}

void ChainEntrance::lead_to(WorkerGeneration& generation, size_t listener, size_t chain) {
  generation_ = &generation;
  parts_ = &generation.chain(listener, chain);
  const config::FilterChain& settings =
      generation.generation().settings.listeners[listener].chains[chain];
  options_.protocol = protocol_of(settings);
  options_.upgrades = settings.upgrades;
  const config::HttpIdentity& identity = settings.identity;
  options_.checks_scheme = identity.use_remote_address && identity.xff_num_trusted_hops == 0;
  options_.http2 = settings.http2_options;
  options_.limits = settings.limits;
  const ListenerOptions usual;
  options_.idle_timeout = settings.limits.idle_timeout.value_or(usual.idle_timeout);
  options_.stream_timeout = longest_idle(settings);
  options_.header_timeout = settings.requests.head;
  options_.max_header_bytes = settings.requests.max_header_bytes;
  options_.max_header_count = settings.requests.max_headers;
  const uint64_t buffer_limit = generation.generation().settings.listeners[listener].buffer_limit;
  options_.output_buffer_bytes = std::min<size_t>(usual.output_buffer_bytes, buffer_limit);
}

std::unique_ptr<Codec> ChainEntrance::make_codec(const ClientConnection& client,
                                                 ReadBuffer& input) {
  const ClientConnection here{
      .carrier = client.carrier, .info = client.info, .options = options_, .stats = client.stats};
  here.info.chain = id_;
  const auto& tls = parts_->tls();
  if (tls == nullptr) return make_plain_codec(here, input);
  return make_tls_codec({.carrier = client.carrier,
                         .context = tls,
                         .stats = client.stats.tls,
                         .handshake_timeout = tls->settings().handshake_timeout},
                        std::make_unique<SecuredClient>(*this, here));
}

void Entrance::lead_to(WorkerGeneration& generation, size_t listener) {
  const auto& settings = generation.generation().settings.listeners[listener].chains;
  auto before = std::exchange(chains_, {});
  for (size_t i = 0; i < settings.size(); ++i) {
    const auto known = std::ranges::find_if(
        before, [&](const auto& chain) { return chain != nullptr && chain->is_for(settings[i]); });
    chains_.push_back(known != before.end()
                          ? std::move(*known)
                          : std::make_unique<ChainEntrance>(settings[i], options_));
    chains_.back()->lead_to(generation, listener, i);
  }
  for (auto& chain : before) {
    if (chain != nullptr) retired_.push_back({.chain = std::move(chain)});
  }
  chooser_.emplace(settings);
  proxy_protocol_ = generation.generation().settings.listeners[listener].proxy_protocol;
}

// Connections that have chosen none yet are served while they are drained.
void Entrance::retire() { is_retired_ = true; }

void Entrance::end_retired(Listener& listener, Milliseconds drain_time) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(retired_, [&](Retired& retired) {
    const uint64_t id = retired.chain->id();
    if (!retired.since) {
      retired.since = now;
      listener.drain_chain(id);
    }
    if (now - *retired.since > drain_time) listener.close_chain(id);
    return !listener.serves_chain(id);
  });
}

bool Entrance::leads_to(const WorkerGeneration& generation) const {
  const bool current = is_retired_ && std::ranges::any_of(chains_, [&](const auto& chain) {
                         return chain->generation() == &generation;
                       });
  return current || std::ranges::any_of(retired_, [&](const Retired& retired) {
           return retired.chain->generation() == &generation;
         });
}

// Nothing is taken from the input before all is known that the choice needs.
std::unique_ptr<Codec> Entrance::make_codec(const ClientConnection& client, ReadBuffer& input) {
  if (ChainEntrance* known = find(client.info.chain)) return known->make_codec(client, input);
  ProxyHeader header{.state = ProxyHeader::State::Absent};
  if (proxy_protocol_ != config::Listener::ProxyProtocol::None) {
    if (input.empty()) return nullptr;
    header = parse_proxy_header(input.unread());
    if (header.state == ProxyHeader::State::Unfinished) return nullptr;
    const bool may_lack = proxy_protocol_ == config::Listener::ProxyProtocol::Allowed;
    if (header.state == ProxyHeader::State::Malformed ||
        (header.state == ProxyHeader::State::Absent && !may_lack)) {
      stats_.bad_proxy_headers.add();
      return std::make_unique<RefusedCodec>();
    }
  }
  FirstBytes first;
  if (chooser_->needs_first_bytes()) {
    const Bytes rest = input.unread().subspan(header.size);
    if (rest.empty()) return nullptr;
    first = inspect_first_bytes(rest);
    if (first.kind == FirstBytes::Kind::Unfinished) return nullptr;
  }
  input.consume(header.size);
  if (header.addresses) move_to(client.info, *header.addresses);
  const auto chosen = chooser_->choose(client.info, first);
  if (chosen) return chains_[*chosen]->make_codec(client, input);
  stats_.no_filter_chain.add();
  return std::make_unique<RefusedCodec>();
}

// Of a connection that has chosen one already; null: it has not.
ChainEntrance* Entrance::find(uint64_t chain) const {
  if (chain == 0) return nullptr;
  for (const auto& known : chains_) {
    if (known->id() == chain) return known.get();
  }
  for (const Retired& known : retired_) {
    if (known.chain->id() == chain) return known.chain.get();
  }
  return nullptr;
}

}  // namespace weir::serve

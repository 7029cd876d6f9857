#pragma once
// One request and its response on their way: client, plugins, router, and back.

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "planes/serve/counter.h"
#include "planes/serve/exchange.h"
#include "planes/serve/exchange_maps.h"
#include "planes/serve/idle_limit.h"
#include "planes/serve/lane.h"
#include "planes/serve/latency_histogram.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/plugin_stream.h"
#include "planes/serve/router.h"
#include "planes/serve/status_classes.h"
#include "planes/serve/uri_normalizer.h"

namespace weir::serve {

// Makes one plugin's context for a stream, which outlives it.
using MakeContext = std::function<std::unique_ptr<runtime::HttpContext>(runtime::HttpStream&)>;

// Thread: its worker's changes it, any reads it.
struct ExchangeStats {
  StatusClasses responses_by_class;  // as they went to the client
  Counter local_replies;
  Counter aborted;  // by the client, before the response was complete
  Counter resets;   // by us, in the midst of the response
  Counter reached_durations;
  Counter idle_timeouts;     // requests on which nothing moved
  Counter request_timeouts;  // requests that did not end in time
  Counter underscores;       // requests refused for a header like x_y
  Counter bad_paths;         // that could not be normalised, or are not to be
  Counter redirected_paths;  // to themselves, normalised
  LatencyHistogram times;    // from a request's headers to the end of all
};

// Zero: there was none.
inline void count_response(ExchangeStats& stats, uint32_t status) {
  if (status != 0) stats.responses_by_class.count(static_cast<int>(status));
}

class AccessLogs;
class FilterChain;
using FilterChains =
    boost::intrusive::list<FilterChain, boost::intrusive::constant_time_size<false>>;

// What exchanges of one listener on one worker share. All outlive them.
struct ChainParts {
  RouterParts router;
  std::string_view name;  // as the configuration has it
  uint64_t buffer_limit;  // of body bytes that a plugin may hold in one direction
  const Clock& clock;
  ExchangeStats& stats;
  FilterChains& open;                         // those whose client or plugins have not finished
  std::span<const std::string> plugin_names;  // in their order
  AccessLogs* logs = nullptr;                 // null: none is kept
  const config::HttpIdentity* identity = nullptr;      // null: nothing is said of clients
  const config::UriRules* uri = nullptr;               // null: URIs stay as they are
  std::span<const config::FilterSwitch> filters = {};  // for each plugin; empty: all are passed
  Milliseconds max_duration{};                         // of a request and response; zero: any
  bool is_upstream = false;  // the client is a router: it hears that the upstream failed, as it is
  config::RequestLimits limits = {.stream_idle = {}};  // those that a codec does not see to
};

// An Exchange. Requests pass the plugins in order, responses in reverse order (Envoy's rule); the
// router is behind the last one. It goes by the Reaper, when the client has closed it and every
// plugin has finished.
//
// No callback of a plugin is made from inside another one of the same exchange: what a plugin asks
// for in a callback is kept, and done when the outermost call into the exchange is about to return
// (settle()).
class FilterChain final : public Exchange,
                          public PluginChain,
                          private RouterOwner,
                          public boost::intrusive::list_base_hook<
                              boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // Owns itself. `parts` and `client` as for ExchangeFactory.
  static FilterChain& make(const ChainParts& parts, ClientStream& client,
                           std::span<const MakeContext> plugins);
  ~FilterChain() override;

  // Exchange: sink of the request, source of the response.
  void headers(HeaderList headers, EndOfStream end) override;
  void data(Body data, EndOfStream end) override;
  void trailers(HeaderList trailers) override;
  void metadata(HeaderList metadata) override;
  void abort(std::string_view reason) override;
  void refuse(uint32_t status, std::string_view reason) override;
  void pause() override;
  void resume() override;
  void closed() override;

  // PluginChain
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(size_t plugin, abi::MapType type) override;
  Body* body(size_t plugin, runtime::Direction direction) override;
  void on_resumes() override;
  bool reply(LocalReply reply) override;
  void reset(std::string_view reason, ResponseFlag flag) override;
  void fail(LocalReply reply) override;
  void blame(size_t plugin) override;
  // The route is chosen when the request leaves the last plugin, whatever was asked before.
  void clear_route_cache() override {}
  void on_plugin_finished() override;

  // For access logs, where a map that did not come is empty.
  abi::HeaderMap* logged_map(abi::MapType type);
  std::string_view filter_chain_name() const { return parts_.name; }

  // What is known of the exchange, for attributes and logs.
  struct Facts {
    Nanoseconds started_wall{};
    Nanoseconds started{};  // monotonic, as all below
    Nanoseconds request_ended{};
    Nanoseconds upstream_started{};
    Nanoseconds response_started{};
    Nanoseconds upstream_ended{};
    Nanoseconds ended{};
    size_t request_headers_bytes = 0;
    std::string details = "via_upstream";
    std::string plugin;  // that has answered, closed or failed; empty: none has
    uint32_t flags = 0;
    uint32_t refused = 0;  // the status by which the codec has answered; zero: it has not
  };
  const Facts& facts() const { return facts_; }
  const ConnectionInfo& connection() const { return *connection_; }
  // Who has sent the request, as "ip:port", where somebody who is trusted says that it is not who
  // is connected; else empty.
  const std::string& client_address() const { return client_address_; }
  HttpVersion version() const { return version_; }
  const Lane& request() const { return request_; }
  const Lane& response() const { return response_; }
  const Router& router() const { return router_; }
  void note_timeout() { router_.note_timeout(); }
  // The response is not the upstream's.
  bool has_replied() const { return replied_; }

 private:
  class Turn;

  // The client's end of the response lane.
  class ResponseOut final : public MessageSink {
   public:
    explicit ResponseOut(FilterChain& chain) : chain_(chain) {}
    void headers(HeaderList headers, EndOfStream end) override;
    void data(Body data, EndOfStream end) override;
    void trailers(HeaderList trailers) override;
    void metadata(HeaderList metadata) override;
    void abort(std::string_view reason) override;

   private:
    FilterChain& chain_;
  };

  // Where the upstream holds the request back.
  class RequestSource final : public MessageSource {
   public:
    explicit RequestSource(FilterChain& chain) : chain_(chain) {}
    void pause() override;
    void resume() override;

   private:
    FilterChain& chain_;
  };

  class TimeLimit final : public TimeoutQueue::Entry {
   public:
    TimeLimit(FilterChain& chain, void (FilterChain::*on_passed)())
        : chain_(chain), on_passed_(on_passed) {}
    void on_timeout() override { (chain_.*on_passed_)(); }

   private:
    FilterChain& chain_;
    void (FilterChain::*on_passed_)();
  };

  // When nothing has moved for as long as may be.
  class StreamIdle final : public IdleLimit {
   public:
    explicit StreamIdle(FilterChain& chain)
        : IdleLimit(chain.parts_.router.timeouts), chain_(chain) {}

   private:
    void on_idle() override { chain_.on_stream_idle(); }

    FilterChain& chain_;
  };

  // A source that is held back for several reasons at once.
  struct Throttle {
    uint32_t pauses = 0;   // asked for from outside
    bool applied = false;  // the source has been told
  };

  FilterChain(const ChainParts& parts, ClientStream& client, std::span<const MakeContext> plugins);

  // RouterOwner
  void on_interim_headers(HeaderList headers) override;
  void on_response_headers(HeaderList headers, EndOfStream end) override;
  void on_response_data(Body data, EndOfStream end) override;
  void on_response_trailers(HeaderList trailers) override;
  void on_response_metadata(HeaderList metadata) override;
  void on_router_failure(LocalReply reply) override;
  const ConnectionInfo& client() const override { return *connection_; }

  std::span<PluginStream> plugins() const { return {plugins_.get(), plugin_count_}; }
  // Whether each request passes each plugin, whatever it is.
  bool passed_by_all() const {
    return parts_.filters.empty() && parts_.uri == nullptr &&
           parts_.limits.underscores != config::RequestLimits::Underscores::Reject;
  }
  // Whether a request with these headers passes that plugin.
  bool passes(size_t plugin, const RouteChoice& choice) const;
  void make_contexts(const HeaderList& headers);
  void refuse(UriVerdict verdict, HeaderList headers);
  void refuse(HeaderList headers, LocalReply answer);
  Lane& lane(runtime::Direction direction) {
    return direction == runtime::Direction::Request ? request_ : response_;
  }
  // Whether a plugin or an access log may look at what is known.
  bool is_observed() const { return plugin_count_ > 0 || parts_.logs != nullptr; }
  // Zero where nobody can ask for it: the clock costs as much as a header.
  Nanoseconds now() const;
  void request_came_to(EndOfStream end) {
    if (end == EndOfStream::No) return;
    request_complete_ = true;
    request_limit_.stop();
    facts_.request_ended = now();
  }

  // Does what waits. Thread-wise and stack-wise alone: the outermost call is about to return.
  void settle();
  // False: nothing waited.
  bool settle_one();
  bool apply_throttles();
  void send_reply(LocalReply reply);
  void send_reset();
  void client_broke_off();
  void start_limits(EndOfStream end);
  void take_route_limit();
  void stop_limits();
  // 408 while the client has not said all of it (Envoy's rule).
  uint32_t timeout_status() const { return request_complete_ ? 504 : 408; }
  void on_too_long();
  void on_request_too_long();
  void on_stream_idle();
  // Both messages go no further.
  void stop_messages();
  void bury_if_finished();

  const ChainParts& parts_;
  ClientStream* client_;  // null once closed
  const ConnectionInfo* connection_;
  std::optional<ConnectionInfo> kept_connection_;  // of a client that has gone
  HttpVersion version_;
  const bool implies_scheme_;
  std::string client_address_;
  std::string request_id_;  // for the response; empty: it is not to have one
  std::span<const MakeContext> makers_;
  RequestTraits traits_;
  Facts facts_;
  runtime::FilterState filter_state_;

  std::unique_ptr<PluginStream[]> plugins_;
  size_t plugin_count_;
  RequestSource request_source_;
  ResponseOut response_out_;
  Router router_;
  Lane request_;
  Lane response_;
  ExchangeMaps maps_;

  TimeLimit duration_limit_{*this, &FilterChain::on_too_long};
  TimeLimit request_limit_{*this, &FilterChain::on_request_too_long};
  StreamIdle stream_idle_{*this};
  bool route_limit_taken_ = false;
  Nanoseconds began_{};            // its headers have come
  bool request_complete_ = false;  // all has come from the client
  bool replied_ = false;
  bool refused_ = false;  // the request: before plugins and routes saw it

  Throttle request_throttle_;
  Throttle response_throttle_;

  int depth_ = 0;  // of calls into the exchange
  bool resumes_wait_ = false;
  std::optional<LocalReply> reply_;   // waits
  std::optional<std::string> reset_;  // waits
  bool over_ = false;                 // both messages have ended or broken off
  bool buried_ = false;
};

// Destroys the exchanges that still wait for their plugins, when the worker ends. Their clients
// have closed them.
void destroy_all(FilterChains& chains);

}  // namespace weir::serve

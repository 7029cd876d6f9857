#include "planes/serve/filter_chain.h"

#include <algorithm>

#include "planes/common/field_rules.h"
#include "planes/serve/access_logs.h"
#include "planes/serve/client_identity.h"
#include "planes/serve/exchange_attributes.h"
#include "planes/serve/exchange_record.h"
#include "planes/serve/idle_context.h"
#include "planes/serve/lane_failure.h"
#include "planes/serve/refusal_record.h"
#include "planes/serve/underscores.h"

namespace weir::serve {
namespace {

using runtime::Direction;

}  // namespace

// A call into the exchange, from outside or from a plugin.
class FilterChain::Turn {
 public:
  explicit Turn(FilterChain& chain) : chain_(chain) {
    ++chain_.depth_;
    chain_.stream_idle_.note_activity();
  }
  ~Turn() {
    if (chain_.depth_ == 1) chain_.settle();
    --chain_.depth_;
  }

 private:
  FilterChain& chain_;
};

FilterChain& FilterChain::make(const ChainParts& parts, ClientStream& client,
                               std::span<const MakeContext> plugins) {
  return *new FilterChain(parts, client, plugins);
}

FilterChain::FilterChain(const ChainParts& parts, ClientStream& client,
                         std::span<const MakeContext> plugins)
    : parts_(parts),
      client_(&client),
      connection_(&client.info().connection),
      version_(client.info().version),
      implies_scheme_(client.info().implies_scheme),
      makers_(plugins),
      plugins_(plugins.empty() ? nullptr : std::make_unique<PluginStream[]>(plugins.size())),
      plugin_count_(plugins.size()),
      request_source_(*this),
      response_out_(*this),
      router_(parts.router, *this, request_source_),
      request_(Direction::Request, this->plugins(), router_, parts.buffer_limit),
      response_(Direction::Response, this->plugins(), response_out_, parts.buffer_limit),
      maps_(request_, response_) {
  if (parts.logs != nullptr) {
    request_.keep_maps();
    response_.keep_maps();
  }
  parts.open.push_back(*this);
  const Turn turn(*this);
  for (size_t i = 0; i < plugin_count_; ++i) {
    plugins_[i].init(*this, i);
    // Else the request says first whether it passes the plugin.
    if (passed_by_all()) plugins_[i].set_context(makers_[i](plugins_[i]));
  }
}

FilterChain::~FilterChain() {
  // Contexts may look at the exchange while they end, and ask for what will not happen.
  over_ = true;
  ++depth_;
  plugins_.reset();
}

Nanoseconds FilterChain::now() const {
  return is_observed() ? parts_.clock.monotonic() : Nanoseconds{};
}

void FilterChain::headers(HeaderList headers, EndOfStream end) {
  const Turn turn(*this);
  traits_ = RequestTraits::of(headers);
  began_ = parts_.clock.monotonic();
  if (is_observed()) {
    facts_.started_wall = parts_.clock.wall();
    facts_.started = began_;
    facts_.request_headers_bytes = headers.byte_size();
  }
  request_came_to(end);
  start_limits(end);
  if (!apply_underscores(parts_.limits.underscores, headers)) {
    parts_.stats.underscores.add();
    return refuse(std::move(headers), {400, "", "unexpected_underscore"});
  }
  if (parts_.uri != nullptr) {
    const UriVerdict verdict = normalize_uri(*parts_.uri, connection_->local_port, headers);
    if (verdict != UriVerdict::Forward) return refuse(verdict, std::move(headers));
  }
  if (parts_.identity != nullptr) {
    client_address_ = identify_client(*parts_.identity, *connection_, headers);
    if (parts_.identity->request_id_in_response) {
      request_id_ = headers.find("x-request-id").value_or("");
    }
  } else {
    set_forwarded_proto(*connection_, headers);
  }
  if (implies_scheme_) imply_scheme(headers);
  // The proxy takes the body whatever the upstream or a plugin will say of it: either may want to
  // see it before they answer (Envoy's rule).
  if (auto expected = headers.find("expect");
      expected && abi::same_name(*expected, "100-continue")) {
    headers.remove("expect");
    if (end == EndOfStream::No) client_->interim_headers(HeaderList{{":status", "100"}});
  }
  make_contexts(headers);
  request_.headers(std::move(headers), end);
}

// A plugin that the request does not pass is there all the same, and does nothing.
void FilterChain::make_contexts(const HeaderList& headers) {
  if (passed_by_all()) return;
  const RouteChoice choice = parts_.filters.empty() ? RouteChoice() : router_.choose(headers);
  for (size_t i = 0; i < plugin_count_; ++i) {
    const bool passed = parts_.filters.empty() || passes(i, choice);
    plugins_[i].set_context(passed ? makers_[i](plugins_[i]) : std::make_unique<IdleContext>());
  }
}

// No plugin sees anything of it (Envoy's rule); access logs do.
void FilterChain::refuse(UriVerdict verdict, HeaderList headers) {
  const bool redirects = verdict == UriVerdict::Redirect && !traits_.is_grpc;
  LocalReply answer{redirects ? 307U : 400U, "", "path_normalization_failed"};
  if (redirects) {
    static_cast<void>(answer.headers.add("location", headers.find(":path").value_or("")));
    parts_.stats.redirected_paths.add();
  } else {
    parts_.stats.bad_paths.add();
  }
  refuse(std::move(headers), std::move(answer));
}

void FilterChain::refuse(HeaderList headers, LocalReply answer) {
  for (PluginStream& plugin : plugins()) plugin.set_context(std::make_unique<IdleContext>());
  refused_ = true;
  request_.refuse(std::move(headers));
  reply(std::move(answer));
}

bool FilterChain::passes(size_t plugin, const RouteChoice& choice) const {
  const config::FilterSwitch& filter = parts_.filters[plugin];
  if (choice.route == nullptr) return filter.enabled;
  return choice.route->enables(filter.filter).value_or(filter.enabled);
}

void FilterChain::data(Body data, EndOfStream end) {
  const Turn turn(*this);
  request_came_to(end);
  request_.data(std::move(data), end);
}

void FilterChain::trailers(HeaderList trailers) {
  const Turn turn(*this);
  request_came_to(EndOfStream::Yes);
  request_.trailers(std::move(trailers));
}

void FilterChain::metadata(HeaderList metadata) {
  const Turn turn(*this);
  request_.metadata(std::move(metadata));
}

void FilterChain::abort(std::string_view) {
  const Turn turn(*this);
  client_broke_off();
}

void FilterChain::refuse(uint32_t status, std::string_view reason) {
  const Turn turn(*this);
  if (over_) return;
  count_response(parts_.stats, status);
  facts_.refused = status;
  facts_.details = codec_error_details(version_, reason);
  facts_.flags |= static_cast<uint32_t>(ResponseFlag::DownstreamProtocolError);
  stop_messages();
}

void FilterChain::pause() {
  const Turn turn(*this);
  ++response_throttle_.pauses;
}

void FilterChain::resume() {
  const Turn turn(*this);
  --response_throttle_.pauses;
}

void FilterChain::closed() {
  const Turn turn(*this);
  facts_.ended = parts_.clock.monotonic();
  parts_.stats.times.record(facts_.ended - began_);
  if (!response_.ended()) client_broke_off();
  stop_messages();
  // The client has seen it; plugins have not, until now.
  if (is_observed() && parts_.identity != nullptr && response_.has_headers()) {
    introduce_proxy(*parts_.identity, request_id_, parts_.clock, response_.header_list());
  }
  bool all_finished = true;
  for (PluginStream& plugin : plugins()) all_finished &= plugin.finish();
  if (parts_.logs != nullptr) {
    ExchangeRecord record(*this);
    parts_.logs->write(record);
  }
  client_ = nullptr;
  if (!all_finished) {
    kept_connection_ = *connection_;
    connection_ = &*kept_connection_;
  }
}

runtime::PropertyValue FilterChain::attribute(runtime::Attribute attribute) const {
  return exchange_attribute(*this, attribute);
}

abi::HeaderMap* FilterChain::header_map(size_t plugin, abi::MapType type) {
  return maps_.offered(plugin, type);
}

abi::HeaderMap* FilterChain::logged_map(abi::MapType type) { return maps_.find(type); }

Body* FilterChain::body(size_t plugin, Direction direction) { return lane(direction).body(plugin); }

void FilterChain::on_resumes() {
  const Turn turn(*this);
  resumes_wait_ = true;
}

bool FilterChain::reply(LocalReply reply) {
  const Turn turn(*this);
  if (over_ || reply_ || reset_) return false;
  if (response_.started()) {
    // As Envoy does: what the plugin did not want to go on does not.
    if (!response_.ended()) reset("a plugin answered behind the headers", ResponseFlag::LocalReset);
    return false;
  }
  request_.close();
  if (response_.has_headers()) response_.close();
  reply_ = std::move(reply);
  return true;
}

void FilterChain::reset(std::string_view reason, ResponseFlag flag) {
  const Turn turn(*this);
  if (over_ || reset_) return;
  request_.close();
  response_.close();
  reply_.reset();
  reset_ = std::string(reason);
  facts_.details = *reset_;
  facts_.flags |= static_cast<uint32_t>(flag);
}

void FilterChain::blame(size_t plugin) {
  if (plugin < parts_.plugin_names.size()) facts_.plugin = parts_.plugin_names[plugin];
}

void FilterChain::fail(LocalReply reply) {
  const Turn turn(*this);
  if (response_.started()) {
    reset(reply.details, reply.flag);
  } else {
    this->reply(std::move(reply));
  }
}

void FilterChain::on_plugin_finished() { const Turn turn(*this); }

void FilterChain::on_interim_headers(HeaderList headers) {
  const Turn turn(*this);
  if (client_ != nullptr && !over_ && !response_.has_headers()) {
    client_->interim_headers(std::move(headers));
  }
}

void FilterChain::on_response_headers(HeaderList headers, EndOfStream end) {
  const Turn turn(*this);
  facts_.response_started = now();
  if (end == EndOfStream::Yes) facts_.upstream_ended = facts_.response_started;
  response_.headers(std::move(headers), end);
}

void FilterChain::on_response_data(Body data, EndOfStream end) {
  const Turn turn(*this);
  if (end == EndOfStream::Yes) facts_.upstream_ended = now();
  response_.data(std::move(data), end);
}

void FilterChain::on_response_trailers(HeaderList trailers) {
  const Turn turn(*this);
  facts_.upstream_ended = now();
  response_.trailers(std::move(trailers));
}

void FilterChain::on_response_metadata(HeaderList metadata) {
  const Turn turn(*this);
  response_.metadata(std::move(metadata));
}

void FilterChain::on_router_failure(LocalReply reply) {
  const Turn turn(*this);
  if (parts_.is_upstream && router_.failure() != nullptr) {
    return reset(router_.failure()->reason, reply.flag);
  }
  fail(std::move(reply));
}

void FilterChain::settle() {
  do {
    while (settle_one()) {
    }
  } while (apply_throttles());
  if (facts_.upstream_started.count() == 0 && request_.started()) facts_.upstream_started = now();
  take_route_limit();
  bury_if_finished();
}

bool FilterChain::settle_one() {
  if (over_) return false;
  if (reset_) {
    send_reset();
    return true;
  }
  if (reply_) {
    LocalReply reply = std::move(*reply_);
    reply_.reset();
    send_reply(std::move(reply));
    return true;
  }
  if (auto failure = failure_of(request_, response_)) {
    fail(std::move(*failure));
    return true;
  }
  if (!std::exchange(resumes_wait_, false)) return false;
  for (size_t i = 0; i < plugin_count_; ++i) {
    for (Direction direction : {Direction::Request, Direction::Response}) {
      if (plugins_[i].take_resume(direction)) lane(direction).resume(i);
    }
  }
  return true;
}

bool FilterChain::apply_throttles() {
  bool changed = false;
  // What comes after the request is of no use is let in, and dropped.
  const bool hold_request =
      request_.wants_pause() || (request_throttle_.pauses > 0 && !request_.closed());
  if (client_ != nullptr && hold_request != request_throttle_.applied) {
    request_throttle_.applied = hold_request;
    hold_request ? client_->pause() : client_->resume();
    changed = true;
  }
  const bool hold_response = response_.wants_pause() || response_throttle_.pauses > 0;
  if (router_.is_open() && hold_response != response_throttle_.applied) {
    response_throttle_.applied = hold_response;
    hold_response ? router_.pause() : router_.resume();
    changed = true;
  }
  return changed;
}

void FilterChain::send_reply(LocalReply reply) {
  router_.cancel();
  replied_ = true;
  parts_.stats.local_replies.add();
  facts_.details = std::move(reply.details);
  facts_.flags |= static_cast<uint32_t>(reply.flag);
  // A route that is itself the answer has edited it, and a request that is refused has none.
  const bool is_before_routing = !request_.started() && !refused_;
  const RouteChoice choice =
      is_before_routing ? router_.choose(request_.header_list()) : router_.choice();
  if (choice.route != nullptr && choice.route->forward() != nullptr) {
    choice.route->finish_response(reply.headers, choice.cluster);
  }
  LocalMessage message = make_local_message(std::move(reply), traits_);
  Body body;
  body.append_copy(as_bytes(message.body));
  if (response_.has_headers()) {
    response_.bypass(std::move(message.headers), std::move(body));
  } else {
    response_.whole(std::move(message.headers), std::move(body));
  }
}

void FilterChain::send_reset() {
  if (response_.started()) parts_.stats.resets.add();
  const std::string reason = std::move(*reset_);
  stop_messages();
  if (client_ != nullptr) client_->abort(reason);
}

void FilterChain::client_broke_off() {
  if (over_) return;
  parts_.stats.aborted.add();
  facts_.details = "downstream_remote_disconnect";
  facts_.flags |= static_cast<uint32_t>(ResponseFlag::DownstreamConnectionTermination);
  stop_messages();
}

void FilterChain::start_limits(EndOfStream end) {
  TimeoutQueue& timeouts = parts_.router.timeouts;
  if (parts_.max_duration.count() > 0) timeouts.start(duration_limit_, parts_.max_duration);
  if (parts_.limits.duration.count() > 0 && end == EndOfStream::No) {
    timeouts.start(request_limit_, parts_.limits.duration);
  }
  stream_idle_.start(parts_.limits.stream_idle);
}

// A route may give its requests another time than the listener does.
void FilterChain::take_route_limit() {
  const RouteChoice& choice = router_.choice();
  if (over_ || route_limit_taken_ || choice.route == nullptr) return;
  route_limit_taken_ = true;
  const config::Forward* const forward = choice.route->forward();
  if (forward != nullptr && forward->idle_timeout) stream_idle_.start(*forward->idle_timeout);
}

void FilterChain::stop_limits() {
  duration_limit_.stop();
  request_limit_.stop();
  stream_idle_.stop();
}

// A response that waits for its client alone is the codec's to watch.
void FilterChain::on_stream_idle() {
  if (over_ || response_.ended()) return;
  const Turn turn(*this);
  parts_.stats.idle_timeouts.add();
  fail(
      {timeout_status(), "stream timeout", "stream_idle_timeout", ResponseFlag::StreamIdleTimeout});
}

void FilterChain::on_request_too_long() {
  const Turn turn(*this);
  if (over_ || response_.ended()) return;
  parts_.stats.request_timeouts.add();
  fail({timeout_status(), "request timeout", "request_overall_timeout"});
}

void FilterChain::on_too_long() {
  const Turn turn(*this);
  if (over_) return;
  parts_.stats.reached_durations.add();
  fail({timeout_status(), "downstream duration timeout", "max_duration_timeout",
        ResponseFlag::DurationTimeout});
}

void FilterChain::stop_messages() {
  over_ = true;
  stop_limits();
  request_.close();
  response_.close();
  if (router_.is_open()) router_.cancel();
}

void FilterChain::bury_if_finished() {
  if (buried_ || client_ != nullptr) return;
  if (!std::ranges::all_of(plugins(), &PluginStream::has_finished)) return;
  buried_ = true;
  unlink();  // from the open ones
  parts_.router.reaper.bury(std::unique_ptr<Exchange>(this));
}

void FilterChain::ResponseOut::headers(HeaderList headers, EndOfStream end) {
  const int status = planes::status_of(headers).value_or(0);
  chain_.parts_.stats.responses_by_class.count(status);
  if (status == 204) headers.remove("content-length");  // RFC 9110, section 8.6
  if (chain_.parts_.identity != nullptr) {
    introduce_proxy(*chain_.parts_.identity, chain_.request_id_, chain_.parts_.clock, headers);
  }
  chain_.client_->headers(std::move(headers), end);
}

void FilterChain::ResponseOut::data(Body data, EndOfStream end) {
  // The client may have gone since it took the headers.
  if (chain_.client_ != nullptr) chain_.client_->data(std::move(data), end);
}

void FilterChain::ResponseOut::trailers(HeaderList trailers) {
  chain_.client_->trailers(std::move(trailers));
}

void FilterChain::ResponseOut::metadata(HeaderList metadata) {
  if (chain_.client_ != nullptr) chain_.client_->metadata(std::move(metadata));
}

void FilterChain::ResponseOut::abort(std::string_view reason) { chain_.client_->abort(reason); }

void FilterChain::RequestSource::pause() {
  const Turn turn(chain_);
  ++chain_.request_throttle_.pauses;
}

void FilterChain::RequestSource::resume() {
  const Turn turn(chain_);
  --chain_.request_throttle_.pauses;
}

void destroy_all(FilterChains& chains) {
  while (!chains.empty()) delete &chains.front();
}

}  // namespace weir::serve

#include "planes/serve/router.h"

#include <charconv>
#include <utility>

#include "planes/common/field_rules.h"
#include "planes/serve/random.h"

namespace weir::serve {
namespace {

// To clients, who are to learn nothing of what lies behind the proxy: that is for logs. The first
// words are those that Envoy's clients know.
constexpr std::string_view kNoResponse =
    "upstream connect error or disconnect/reset before headers. reset reason: ";

std::string no_response(std::string_view reason) { return std::string(kNoResponse).append(reason); }

UpstreamInfo unreachable(std::string address) {
  const std::string_view port = std::string_view(address).substr(address.rfind(':') + 1);
  UpstreamInfo info;
  std::from_chars(port.data(), port.data() + port.size(), info.port);
  info.address = std::move(address);
  return info;
}

}  // namespace

Router::Router(const RouterParts& parts, RouterOwner& owner, MessageSource& request)
    : parts_(parts), owner_(owner), request_(request), response_(*this), random_(random_number()) {}

RouteChoice Router::choose(const HeaderList& request_headers) const {
  return parts_.routes.choose(request_headers, random_);
}

void Router::headers(HeaderList headers, EndOfStream end) {
  const bool is_connect = headers.find(":method") == "CONNECT";
  const bool complete = headers.find(":method") && headers.find(":authority") &&
                        (is_connect || headers.find(":path"));
  if (!complete) {
    return fail({503, "missing required header", "filter_removed_required_request_headers"});
  }
  // One that a plugin has made is none: nothing of the client's could go through it.
  if (is_connect && end == EndOfStream::Yes) return fail({501, "", "connect_not_supported"});
  choice_ = choose(headers);
  if (choice_.route == nullptr) {
    return fail({404, "", "route_not_found", ResponseFlag::NoRouteFound});
  }
  if (choice_.route->forward() == nullptr) return answer(*choice_.route, headers);
  if (choice_.cluster == nullptr) {
    return fail({choice_.route->forward()->unknown_cluster_status, "", "cluster_not_found",
                 ResponseFlag::NoClusterFound});
  }
  forward(std::move(headers), end);
}

// The answer that the route itself is.
void Router::answer(const Route& route, const HeaderList& request) {
  const config::DirectResponse* direct = route.direct_response();
  LocalReply reply = direct != nullptr
                         ? LocalReply(direct->status, direct->body, "direct_response")
                         : LocalReply(route.redirect()->status, "", "direct_response");
  if (direct == nullptr) static_cast<void>(reply.headers.add("location", route.location(request)));
  route.finish_response(reply.headers, nullptr);
  fail(std::move(reply));
}

void Router::forward(HeaderList headers, EndOfStream end) {
  choice_.route->finish_request(headers, *choice_.cluster);
  if (!policy().is_empty()) {
    replay_ = std::make_unique<Replay>(parts_.replay_limit);
    replay_->headers(headers, end);
  }
  open();
  upstream_->headers(std::move(headers), end);
  if (end == EndOfStream::Yes) request_ended();
}

void Router::open() {
  ++tries_;
  upstream_ =
      parts_.clusters[choice_.cluster->index]->open_for(owner_.client(), response_, &request_);
  for (uint32_t i = 0; i < pauses_; ++i) upstream_->pause();
}

void Router::data(Body data, EndOfStream end) {
  if (upstream_ == nullptr || done_) return;
  if (replay_ != nullptr) replay_->data(data, end);
  upstream_->data(std::move(data), end);
  if (end == EndOfStream::Yes) request_ended();
}

void Router::trailers(HeaderList trailers) {
  if (upstream_ == nullptr || done_) return;
  if (replay_ != nullptr) replay_->trailers(trailers);
  upstream_->trailers(std::move(trailers));
  request_ended();
}

// A request that is tried again goes without what came with the first try (Envoy's rule).
void Router::metadata(HeaderList metadata) {
  if (upstream_ != nullptr && !done_) upstream_->metadata(std::move(metadata));
}

void Router::pause() {
  ++pauses_;
  if (upstream_ != nullptr) upstream_->pause();
}

void Router::resume() {
  --pauses_;
  if (upstream_ != nullptr) upstream_->resume();
}

void Router::end_retry() {
  if (std::exchange(retrying_, false)) parts_.clusters[choice_.cluster->index]->end_retry();
}

void Router::cancel() {
  done_ = true;
  end_retry();
  stop_clocks();
  release_upstream();
}

// It may be what calls.
void Router::release_upstream() {
  if (upstream_ == nullptr) return;
  if (upstream_->info() != nullptr) {
    known_upstream_ = *upstream_->info();
  } else if (!upstream_->unreachable().empty()) {
    known_upstream_ = unreachable(std::string(upstream_->unreachable()));
  }
  transport_failure_ = upstream_->transport_failure();
  parts_.reaper.bury(std::move(upstream_));
}

const UpstreamInfo* Router::upstream() const {
  if (upstream_ != nullptr && upstream_->info() != nullptr) return upstream_->info();
  return known_upstream_ ? &*known_upstream_ : nullptr;
}

void Router::request_ended() {
  request_ended_ = true;
  if (done_) return;
  request_ended_at_ = parts_.timeouts.now();
  if (is_tunnel_) return;
  const Milliseconds limit = choice_.route->forward()->timeout;
  if (limit.count() > 0) parts_.timeouts.start(total_limit_, limit);
  if (!response_begun_ && policy().per_try_timeout().count() > 0) {
    parts_.timeouts.start(try_limit_, policy().per_try_timeout());
  }
}

void Router::response_ended() {
  done_ = true;
  if (request_ended_) stats().times.record(parts_.timeouts.now() - request_ended_at_);
  end_retry();
  stop_clocks();
}

// Of a response that comes before the end of its request it would say nothing (Envoy's rule).
void Router::tell_service_time(HeaderList& response) const {
  if (!parts_.tells_service_time || !request_ended_) return;
  const auto took =
      std::chrono::duration_cast<Milliseconds>(parts_.timeouts.now() - request_ended_at_);
  // One that has no room for it stays as it is.
  static_cast<void>(
      response.replace("x-envoy-upstream-service-time", std::to_string(took.count())));
}

void Router::stop_clocks() {
  total_limit_.stop();
  try_limit_.stop();
  retry_timer_.reset();
}

bool Router::retry_after(const HeaderList& response) {
  if (!policy().wants_retry(response)) return false;
  end_retry();  // of the try before
  if (!may_retry()) return false;
  retry();
  return true;
}

bool Router::retry_after(TryFailure failure) {
  if (response_begun_ || !policy().wants_retry(failure)) return false;
  end_retry();  // of the try before
  if (!may_retry()) return false;
  retry();
  return true;
}

// A request that still comes in is not sent again (Envoy's rule): what it is to be is not known.
bool Router::may_retry() {
  if (tries_ > policy().retries()) {
    stats().exhausted_retries.add();
    exhausted_ = true;
    return false;
  }
  if (!request_ended_ || !replay_->is_complete()) return false;
  return parts_.clusters[choice_.cluster->index]->begin_retry();
}

void Router::retry() {
  retrying_ = true;
  stats().retries.add();
  try_limit_.stop();
  upstream_->abort("tried again");
  release_upstream();
  retry_timer_ = parts_.services.make_timer([this] { send_again(); });
  retry_timer_->start(policy().pause(tries_, random_number()));
}

void Router::send_again() {
  open();
  replay_->send(*upstream_);
  if (policy().per_try_timeout().count() > 0) {
    parts_.timeouts.start(try_limit_, policy().per_try_timeout());
  }
}

void Router::on_total_timeout() {
  stats().timeouts.add();
  note_timeout();
  fail({504, "upstream request timeout", "response_timeout", ResponseFlag::UpstreamRequestTimeout});
}

void Router::on_try_timeout() {
  stats().per_try_timeouts.add();
  note_timeout();
  if (retry_after(TryFailure::Reset)) return;
  fail({504, "upstream request timeout", "upstream_per_try_timeout",
        ResponseFlag::UpstreamRequestTimeout});
}

void Router::note_timeout() {
  if (upstream_ != nullptr) upstream_->note_timeout();
}

void Router::fail(LocalReply reply) {
  cancel();
  owner_.on_router_failure(std::move(reply));
}

void Router::Response::headers(HeaderList headers, EndOfStream end) {
  Router& router = router_;
  if (router.done_) return;
  // Plugins of the cluster's have the last word (Envoy's rule).
  if (!router.upstream_->is_answered_by_plugin() && router.retry_after(headers)) return;
  router.response_begun_ = true;
  router.transport_failure_.clear();
  router.try_limit_.stop();
  router.replay_.reset();
  const int status = planes::status_of(headers).value_or(0);
  router.is_tunnel_ = end == EndOfStream::No && status == 101;
  router.stats().responses_by_class.count(status);
  const auto place = static_cast<size_t>(status) - 100;
  if (place < kStatuses) router.stats().responses_by_status[place].add();
  router.tell_service_time(headers);
  router.choice_.route->finish_response(headers, router.choice_.cluster);
  if (end == EndOfStream::Yes) router.response_ended();
  router.owner_.on_response_headers(std::move(headers), end);
}

void Router::Response::data(Body data, EndOfStream end) {
  if (!router_.response_begun_ || router_.done_) return;
  if (end == EndOfStream::Yes) router_.response_ended();
  router_.owner_.on_response_data(std::move(data), end);
}

void Router::Response::trailers(HeaderList trailers) {
  if (!router_.response_begun_ || router_.done_) return;
  router_.response_ended();
  router_.owner_.on_response_trailers(std::move(trailers));
}

void Router::Response::interim_headers(HeaderList headers) {
  if (!router_.done_) router_.owner_.on_interim_headers(std::move(headers));
}

void Router::Response::metadata(HeaderList metadata) {
  if (!router_.done_) router_.owner_.on_response_metadata(std::move(metadata));
}

void Router::Response::abort(std::string_view reason) {
  Router& router = router_;
  if (router.done_ || router.upstream_ == nullptr) return;
  const bool connected = router.upstream_->info() != nullptr;
  const TryFailure failure = !connected                        ? TryFailure::Connect
                             : router.upstream_->was_refused() ? TryFailure::Unprocessed
                                                               : TryFailure::Reset;
  // What was not tried is not tried again (Envoy's rule).
  const bool tried = router.upstream_->why_not_tried() == NotTried::No;
  if (tried && router.retry_after(failure)) return;
  const std::string why(reason);
  router.failure_ = std::make_unique<const UpstreamFailure>(
      UpstreamFailure{.reason = why,
                      .refused = router.upstream_->was_refused(),
                      .malformed = router.upstream_->was_malformed(),
                      .unreachable = std::string(router.upstream_->unreachable()),
                      .not_tried = router.upstream_->why_not_tried()});
  switch (router.upstream_->why_not_tried()) {
    case NotTried::No:
      break;
    case NotTried::Overflow:
      return router.fail({503, no_response("overflow"),
                          "upstream_reset_before_response_started{overflow}",
                          ResponseFlag::UpstreamOverflow});
    case NotTried::Unhealthy:
      return router.fail(
          {503, "no healthy upstream", "no_healthy_upstream", ResponseFlag::NoHealthyUpstream});
  }
  if (router.upstream_->was_malformed()) {
    return router.fail({502, no_response("protocol error"),
                        (router.response_begun_ ? "upstream_reset_after_response_started{"
                                                : "upstream_reset_before_response_started{") +
                            ("protocol error|" + why + "}"),
                        ResponseFlag::UpstreamProtocolError});
  }
  router.fail({503, no_response(connected ? "connection termination" : "connection failure"),
               router.response_begun_ ? "upstream_reset_after_response_started{" + why + "}"
                                      : "upstream_reset_before_response_started{" + why + "}",
               connected ? ResponseFlag::UpstreamConnectionTermination
                         : ResponseFlag::UpstreamConnectionFailure});
}

}  // namespace weir::serve

#include "planes/serve/router.h"

#include "planes/common/grpc_status.h"

namespace weir::serve {
namespace {

size_t status_class(const HeaderList& headers) {
  const std::string_view status = headers.find(":status").value_or("");
  const bool known = !status.empty() && status[0] >= '1' && status[0] <= '5';
  return known ? static_cast<size_t>(status[0] - '1') : 4;
}

}  // namespace

Router::Router(const RouterParts& parts, RouterOwner& owner, MessageSource& request)
    : parts_(parts), owner_(owner), request_(request), response_(*this) {}

const RouteTarget* Router::find_target(const HeaderList& request_headers) const {
  return parts_.routes.find(request_headers.find(":authority").value_or(""),
                            request_headers.find(":path").value_or(""));
}

void Router::headers(HeaderList headers, EndOfStream end) {
  if (!headers.find(":path") || !headers.find(":authority") || !headers.find(":method")) {
    return fail({503, "missing required header", "filter_removed_required_request_headers"});
  }
  // A plugin has made it one; tunnels are not served.
  if (headers.find(":method") == "CONNECT") return fail({501, "", "connect_not_supported"});
  target_ = find_target(headers);
  if (target_ == nullptr) {
    return fail({404, "", "route_not_found", ResponseFlag::NoRouteFound});
  }
  const bool is_grpc = planes::is_grpc_content_type(headers.find("content-type").value_or(""));
  upstream_ = parts_.clusters[target_->cluster]->open(response_, &request_, is_grpc);
  upstream_->headers(std::move(headers), end);
  if (end == EndOfStream::Yes) request_ended();
}

void Router::data(Body data, EndOfStream end) {
  if (upstream_ == nullptr || done_) return;
  upstream_->data(std::move(data), end);
  if (end == EndOfStream::Yes) request_ended();
}

void Router::trailers(HeaderList trailers) {
  if (upstream_ == nullptr || done_) return;
  upstream_->trailers(std::move(trailers));
  request_ended();
}

void Router::pause() {
  if (upstream_ != nullptr) upstream_->pause();
}

void Router::resume() {
  if (upstream_ != nullptr) upstream_->resume();
}

void Router::cancel() {
  done_ = true;
  stop();
  if (upstream_ == nullptr) return;
  if (upstream_->info() != nullptr) known_upstream_ = *upstream_->info();
  parts_.reaper.bury(std::move(upstream_));
}

const UpstreamInfo* Router::upstream() const {
  if (known_upstream_) return &*known_upstream_;
  return upstream_ == nullptr ? nullptr : upstream_->info();
}

void Router::request_ended() {
  if (!done_ && target_->timeout.count() > 0) parts_.timeouts.start(*this, target_->timeout);
}

void Router::response_ended() {
  done_ = true;
  stop();
}

void Router::on_timeout() {
  stats().timeouts.add();
  fail({504, "upstream request timeout", "response_timeout", ResponseFlag::UpstreamRequestTimeout});
}

void Router::fail(LocalReply reply) {
  cancel();
  owner_.on_router_failure(std::move(reply));
}

void Router::Response::headers(HeaderList headers, EndOfStream end) {
  if (router_.done_) return;
  router_.response_begun_ = true;
  router_.stats().responses_by_class[status_class(headers)].add();
  if (end == EndOfStream::Yes) router_.response_ended();
  router_.owner_.on_response_headers(std::move(headers), end);
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

void Router::Response::abort(std::string_view reason) {
  if (router_.done_) return;
  const bool connected = router_.upstream() != nullptr;
  const std::string why(reason);
  router_.fail({503,
                "upstream connect error or disconnect/reset before headers. reset reason: " + why,
                router_.response_begun_ ? "upstream_reset_after_response_started{" + why + "}"
                                        : "upstream_reset_before_response_started{" + why + "}",
                connected ? ResponseFlag::UpstreamConnectionTermination
                          : ResponseFlag::UpstreamConnectionFailure});
}

}  // namespace weir::serve

#include "planes/serve/upstream_request.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/lower_case.h"
#include "planes/common/authority.h"
#include "planes/common/field_rules.h"
#include "planes/common/grpc_status.h"
#include "planes/serve/http1_writer.h"

namespace weir::serve {
namespace {

// No back-pressure holds them, so there must not be any number of them.
constexpr uint32_t kMostInterims = 32;

bool is_idempotent(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

// The host, without brackets; empty where there is none.
std::string server_name_of(const config::ServerNames& names, const HeaderList& request) {
  std::string_view text;
  if (!names.header.empty()) text = request.find(names.header).value_or("");
  if (text.empty()) text = request.find(":authority").value_or("");
  const auto authority = planes::parse_authority(text);
  if (!authority) return {};
  std::string_view host = authority->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return lower_case(host);
}

}  // namespace

UpstreamRequest::UpstreamRequest(Dispatcher& dispatcher, const ClusterSettings& settings,
                                 ClusterStats& stats, MessageSink& response, MessageSource* request,
                                 bool http2)
    : dispatcher_(dispatcher),
      settings_(settings),
      stats_(stats),
      response_(response),
      request_(request),
      http2_(http2) {
  stats_.requests.add();
  stats_.active_requests.add();
}

UpstreamRequest::~UpstreamRequest() {
  count_in(nullptr);
  stats_.active_requests.subtract();
  if (stream_ != nullptr) stream_->release();
}

void UpstreamRequest::headers(HeaderList headers, EndOfStream end) {
  headers_only_ = request_ended_ = end == EndOfStream::Yes;
  repeatable_ = headers_only_ && is_idempotent(headers.find(":method").value_or(""));
  if (settings_.server_names.any()) server_name_ = server_name_of(settings_.server_names, headers);
  is_connect_ = headers.find(":method") == "CONNECT";
  if (is_connect_ || is_upgrade(headers)) tunnel_ = Tunnel::Asked;
  headers_ = std::move(headers);
  dispatcher_.dispatch(*this);
}

void UpstreamRequest::data(Body data, EndOfStream end) {
  if (tunnel_ == Tunnel::Refused) return;
  if (end == EndOfStream::Yes) request_ended_ = true;
  if (takes_body()) {
    stream_->data(std::move(data), end);
    release_if_over();
  } else if (!response_ended_) {
    body_.append(std::move(data));
    set_backlog(!request_ended_ && body_.size() > settings_.output_buffer_bytes);
  }
}

void UpstreamRequest::trailers(HeaderList trailers) {
  if (tunnel_ == Tunnel::Refused) return;
  request_ended_ = true;
  if (takes_body()) {
    stream_->trailers(trailers);
    release_if_over();
  } else {
    trailers_ = std::move(trailers);
  }
}

void UpstreamRequest::metadata(HeaderList metadata) {
  if (takes_body()) {
    stream_->metadata(metadata);
  } else if (!response_ended_ && !request_ended_) {
    metadata_.push_back(std::move(metadata));
  }
}

void UpstreamRequest::abort(std::string_view) {
  request_ended_ = response_ended_ = true;
  if (is_linked()) unlink();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->release();
  set_backlog(false);
}

void UpstreamRequest::pause() {
  if (++pauses_ == 1 && stream_ != nullptr) stream_->set_paused(true);
}

void UpstreamRequest::resume() {
  WEIR_CHECK(pauses_ > 0);
  if (--pauses_ == 0 && stream_ != nullptr) stream_->set_paused(false);
}

void UpstreamRequest::attach(UpstreamCodec& codec, std::shared_ptr<const UpstreamInfo> info,
                             bool kept_alive) {
  transport_failure_.clear();
  unreachable_.clear();
  info_ = std::move(info);
  kept_alive_ = kept_alive;
  stream_ = &codec.open(*this);
  if (pauses_ > 0) stream_->set_paused(true);
  stream_->headers(*headers_, headers_only_ ? EndOfStream::Yes : EndOfStream::No);
  if (headers_only_) return;

  headers_.reset();
  if (tunnel_ != Tunnel::Asked) send_waiting();
}

void UpstreamRequest::send_waiting() {
  set_backlog(false);
  for (const HeaderList& one : std::exchange(metadata_, {})) stream_->metadata(one);
  const bool ends_with_data = request_ended_ && !trailers_;
  if (!body_.empty() || ends_with_data) {
    stream_->data(body_.take_all(), ends_with_data ? EndOfStream::Yes : EndOfStream::No);
  }
  if (trailers_) stream_->trailers(*std::exchange(trailers_, {}));
}

void UpstreamRequest::count_in(std::shared_ptr<uint32_t> load) {
  if (load_ != nullptr) --*load_;
  load_ = std::move(load);
  if (load_ != nullptr) ++*load_;
}

void UpstreamRequest::fail(std::string_view reason) {
  stats_.broken.add();
  response_ended_ = true;
  set_backlog(false);
  response_.abort(reason);
}

void UpstreamRequest::note_timeout() {
  if (record_ != nullptr && !response_ended_) record_->note_timeout();
}

// Of gRPC the status that matters is its own.
void UpstreamRequest::report_status(const HeaderList& headers, EndOfStream end) {
  if (record_ == nullptr) return;
  const auto grpc = planes::parse_grpc_status(headers.find("grpc-status").value_or(""));
  is_grpc_ = planes::is_grpc_content_type(headers.find("content-type").value_or(""));
  if (is_grpc_ && end == EndOfStream::No) return;
  const auto plain = planes::status_of(headers);
  record_->note_status(is_grpc_ && grpc ? planes::http_status_of(*grpc)
                                        : static_cast<uint32_t>(plain.value_or(0)));
}

// What comes before the upstream has agreed is held back: one that does not would take it for its
// next request, which no plugin has seen.
void UpstreamRequest::decide_tunnel(std::string_view status) {
  if (is_connect_ ? status.starts_with('2') : status == "101") {
    tunnel_ = Tunnel::Open;
    return send_waiting();
  }
  tunnel_ = Tunnel::Refused;
  request_ended_ = true;
  body_.drop_front(body_.size());
  set_backlog(false);
}

void UpstreamRequest::on_headers(HeaderList headers, EndOfStream end) {
  response_started_ = true;
  headers_.reset();
  if (tunnel_ == Tunnel::Asked) decide_tunnel(headers.find(":status").value_or(""));
  report_status(headers, end);
  if (end == EndOfStream::Yes) response_ended();
  response_.headers(std::move(headers), end);
}

void UpstreamRequest::on_interim_headers(HeaderList headers) {
  response_started_ = true;
  if (++interims_ > kMostInterims) return;
  response_.interim_headers(std::move(headers));
}

void UpstreamRequest::on_data(Body data, EndOfStream end) {
  if (end == EndOfStream::Yes) response_ended();
  response_.data(std::move(data), end);
}

void UpstreamRequest::on_trailers(HeaderList trailers) {
  if (record_ != nullptr && is_grpc_) {
    const auto grpc = planes::parse_grpc_status(trailers.find("grpc-status").value_or(""));
    record_->note_status(planes::http_status_of(grpc.value_or(2)));  // 2: Unknown
  }
  response_ended();
  response_.trailers(std::move(trailers));
}

void UpstreamRequest::on_broken(Break how, std::string_view reason) {
  stream_ = nullptr;
  // The response was complete; what is left of the request finds nobody.
  if (response_ended_) return set_backlog(false);
  if (may_retry(how)) {
    retried_ = true;
    stats_.retries.add();
    return dispatcher_.dispatch(*this);
  }
  refused_ = how == Break::Unsent || how == Break::Refused;
  malformed_ = how == Break::Malformed;
  if (record_ != nullptr && !response_started_) record_->note_failure();
  fail(reason);
}

// Only for a kept-alive connection whose end the request has met; all else is for retry policies.
bool UpstreamRequest::may_retry(Break how) const {
  if (retried_ || response_started_ || !headers_only_ || !kept_alive_) return false;
  return how == Break::Unsent || (how == Break::BeforeResponse && repeatable_);
}

void UpstreamRequest::on_backlog(bool full) { set_backlog(full); }

void UpstreamRequest::set_backlog(bool full) {
  if (full == backlog_) return;
  backlog_ = full;
  if (request_ == nullptr) return;
  full ? request_->pause() : request_->resume();
}

void UpstreamRequest::response_ended() {
  response_ended_ = true;
  release_if_over();
}

void UpstreamRequest::release_if_over() {
  if (request_ended_ && response_ended_ && stream_ != nullptr) {
    set_backlog(false);
    std::exchange(stream_, nullptr)->release();
  }
}

}  // namespace weir::serve

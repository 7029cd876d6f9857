#include "scenario/http_flow.h"

namespace weir::scenario {

using abi::DataAction;
using abi::EndOfStream;
using abi::HeadersAction;
using abi::TrailersAction;
using runtime::HttpContext;

std::string SeenMessage::body() const {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

void HttpFlow::headers(HttpContext* context, abi::HeaderList headers, EndOfStream end) {
  if (closed_) return;
  headers_ = std::move(headers);
  has_headers_ = true;
  ended_by_headers_ = all_in_ = end == EndOfStream::Yes;
  const HeadersAction action =
      context == nullptr ? HeadersAction::Continue : context->on_headers(direction_, end);
  if (closed_) return;
  switch (action) {
    case HeadersAction::Continue:
      return pass_headers(ended_by_headers_);
    case HeadersAction::ContinueAndEndStream:
      return pass_headers(true);
    case HeadersAction::StopIteration:
      return stop(State::Stopped, true);
    case HeadersAction::StopAllIterationAndBuffer:
      return stop(State::StoppedAll, true);
    case HeadersAction::StopAllIterationAndWatermark:
      return stop(State::StoppedAll, false);
  }
}

void HttpFlow::data(HttpContext* context, std::string_view bytes, EndOfStream end) {
  if (closed_ || ended()) return;
  bytes_in_ += bytes.size();
  all_in_ = end == EndOfStream::Yes;
  held_.append(bytes);
  if (state_ == State::StoppedAll) return check_held();
  run_body_callback(context, end);
}

void HttpFlow::run_body_callback(HttpContext* context, EndOfStream end) {
  offers_trailers_ = end == EndOfStream::Yes;
  DataAction action = DataAction::Continue;
  if (context != nullptr && context->sees_body(direction_)) {
    in_body_callback_ = true;
    action = context->on_body(direction_, end);
    in_body_callback_ = false;
  }
  if (closed_) return;
  switch (action) {
    case DataAction::Continue:
      return release();
    case DataAction::StopIterationAndBuffer:
      return stop(State::Stopped, true);
    case DataAction::StopIterationAndWatermark:
      return stop(State::Stopped, false);
    case DataAction::StopIterationNoBuffer:
      static_cast<void>(held_.take());
      return stop(State::Stopped, bounded_);
  }
}

void HttpFlow::trailers(HttpContext* context, abi::HeaderList trailers) {
  if (closed_ || ended()) return;
  trailers_ = std::move(trailers);
  has_trailers_ = true;
  all_in_ = true;
  if (state_ != State::StoppedAll) run_trailers_callback(context);
}

void HttpFlow::run_trailers_callback(HttpContext* context) {
  trailers_seen_ = true;
  const TrailersAction action = context != nullptr && context->sees_trailers(direction_)
                                    ? context->on_trailers(direction_)
                                    : TrailersAction::Continue;
  if (closed_) return;
  action == TrailersAction::Continue ? release() : stop(State::Stopped, bounded_);
}

void HttpFlow::resume(HttpContext* context) {
  if (closed_ || state_ == State::Open) return;
  if (state_ == State::Stopped) return release();
  // The plugin has not seen what came meanwhile.
  state_ = State::Open;
  if (!started()) pass_headers(ended_by_headers_);
  const bool ended_by_data = all_in_ && !has_trailers_ && !ended_by_headers_;
  if (!closed_ && (!held_.empty() || ended_by_data)) {
    run_body_callback(context, ended_by_data ? EndOfStream::Yes : EndOfStream::No);
  }
  if (!closed_ && has_trailers_ && !trailers_seen_) run_trailers_callback(context);
}

void HttpFlow::bypass(abi::HeaderList headers, std::string body) {
  headers_ = headers;
  has_headers_ = true;
  closed_ = true;
  seen_.emplace();
  seen_->headers = std::move(headers);
  if (!body.empty()) seen_->pieces.push_back(std::move(body));
  seen_->complete = true;
}

abi::Buffer* HttpFlow::body() {
  const bool visible = in_body_callback_ || (state_ != State::Open && !held_.empty());
  return visible ? &held_ : nullptr;
}

void HttpFlow::stop(State state, bool bounded) {
  state_ = state;
  bounded_ = bounded;
  check_held();
}

void HttpFlow::check_held() { too_large_ = bounded_ && held_.size() > kMaxHeld; }

void HttpFlow::release() {
  state_ = State::Open;
  if (offers_trailers_ && !has_trailers_ && !trailers_.empty()) {
    // Added by the plugin, which gets no callback for them.
    has_trailers_ = true;
    trailers_seen_ = true;
  }
  if (!started()) pass_headers(ended_by_headers_);
  if (ended()) return;
  if (!held_.empty()) seen_->pieces.push_back(held_.take());
  if (!all_in_) return;
  if (has_trailers_) seen_->trailers = trailers_;
  seen_->complete = true;
}

void HttpFlow::pass_headers(bool end) {
  serve::put_pseudo_headers_first(headers_);
  seen_.emplace();
  seen_->headers = headers_;
  seen_->complete = end;
}

}  // namespace weir::scenario

#include "planes/serve/http1_client.h"

#include <utility>

#include "base/check.h"

namespace weir::serve {

Http1Client::~Http1Client() { WEIR_CHECK(events_ == nullptr); }

UpstreamStream& Http1Client::open(UpstreamEvents& events) {
  WEIR_CHECK(capacity() > 0);
  events_ = &events;
  busy_ = true;
  if (age_.add_request()) draining_ = true;
  request_ended_ = response_started_ = response_ended_ = refused_ = paused_ = backlog_ = false;
  return *this;
}

void Http1Client::start_parser() {
  parser_.emplace(Http1Limits{.max_header_bytes = context_.settings.max_header_bytes,
                              .max_header_count = context_.settings.max_header_count});
  if (head_request_) parser_->expect_no_body();
  head_done_ = false;
}

void Http1Client::headers(const HeaderList& headers, EndOfStream end) {
  head_request_ = headers.find(":method") == "HEAD";
  is_connect_ = headers.find(":method") == "CONNECT";
  asks_upgrade_ = is_upgrade(headers);
  start_parser();
  written(writer_.request(headers, end), end);
}

void Http1Client::data(Body data, EndOfStream end) {
  if (refused_ || request_ended_) return;
  written(writer_.data(std::move(data), end), end);
}

void Http1Client::trailers(const HeaderList& trailers) {
  if (refused_ || request_ended_) return;
  written(writer_.trailers(trailers), EndOfStream::Yes);
}

void Http1Client::written(Http1Writer::Written written, EndOfStream end) {
  refused_ = written == Http1Writer::Written::Refused;
  request_ended_ = !refused_ && end == EndOfStream::Yes;
  context_.carrier.wake();
  if (!backlog_ && !request_ended_ && output_.size() > context_.settings.output_buffer_bytes) {
    backlog_ = true;
    events_->on_backlog(true);
  }
}

void Http1Client::set_paused(bool paused) {
  paused_ = paused;
  if (!paused) context_.carrier.wake();
}

void Http1Client::release() {
  events_ = nullptr;
  if (!over()) {
    ending_ = Ending::Close;
    output_.drop_front(output_.size());
  }
  context_.carrier.wake();
}

bool Http1Client::wants_input() const { return ending_ == Ending::Open && !paused_; }

void Http1Client::receive(ReadBuffer& input) {
  if (ending_ != Ending::Open || events_ == nullptr || response_ended_) {
    // Bytes that belong to no request: nothing behind them can be trusted.
    input.consume(input.unread().size());
    ending_ = Ending::Close;
    context_.carrier.wake();
    return;
  }
  response_started_ = true;
  while (!head_done_) {
    if (!receive_head(input)) return;
  }
  receive_body(input);
}

bool Http1Client::receive_head(ReadBuffer& input) {
  using State = Http1ResponseParser::State;
  const State state = parser_->advance(input);
  if (state == State::Failed) {
    break_off(Break::Malformed, parser_->failure().reason);
    return false;
  }
  if (state == State::Head) return false;
  const int status = parser_->status();
  const bool switches = asks_upgrade_ && status == 101;
  if (switches || (is_connect_ && status >= 200 && status < 300)) {
    is_tunnel_ = true;
    head_done_ = true;
    draining_ = true;  // nothing is asked here again
    parser_->become_tunnel();
    HeaderList headers = parser_->take_headers();
    headers.remove("content-length");  // RFC 9110, section 9.3.6
    events_->on_headers(std::move(headers), EndOfStream::No);
    return events_ != nullptr;
  }
  if (status == 101) {
    break_off(Break::Malformed, "the upstream switches protocols");
    return false;
  }
  if (status < 200) {
    events_->on_interim_headers(parser_->take_headers());
    start_parser();
    return events_ != nullptr && !paused_ && !input.empty();
  }
  head_done_ = true;
  response_ended_ = state == State::Complete;
  if (!parser_->keep_alive()) draining_ = true;
  events_->on_headers(parser_->take_headers(),
                      response_ended_ ? EndOfStream::Yes : EndOfStream::No);
  return events_ != nullptr;
}

void Http1Client::receive_body(ReadBuffer& input) {
  if (response_ended_ || paused_) return;
  if (parser_->advance(input) == Http1ResponseParser::State::Failed) {
    break_off(Break::Malformed, parser_->failure().reason);
  } else {
    pass_body();
  }
}

void Http1Client::pass_body() {
  Body body = parser_->take_body();
  if (parser_->state() != Http1ResponseParser::State::Complete) {
    if (!body.empty()) events_->on_data(std::move(body), EndOfStream::No);
    return;
  }
  HeaderList trailers = parser_->take_trailers();
  if (trailers.empty()) {
    response_ended_ = true;
    return events_->on_data(std::move(body), EndOfStream::Yes);
  }
  if (!body.empty()) {
    events_->on_data(std::move(body), EndOfStream::No);
    if (events_ == nullptr) return;
  }
  response_ended_ = true;
  events_->on_trailers(std::move(trailers));
}

void Http1Client::sent() {
  if (refused_ && events_ != nullptr) {
    return break_off(Break::Failed, "the request is not valid HTTP");
  }
  if (backlog_ && events_ != nullptr &&
      output_.size() <= context_.settings.output_buffer_bytes / 2) {
    backlog_ = false;
    events_->on_backlog(false);
  }
  if (!busy_ || !over() || !output_.empty()) return;
  if (events_ != nullptr) return;  // it is about to be released
  busy_ = false;
  if (draining_) {
    ending_ = Ending::Close;
    context_.carrier.wake();
  }
}

void Http1Client::break_off(Break how, std::string_view reason) {
  ending_ = Ending::Close;
  output_.drop_front(output_.size());
  context_.carrier.wake();
  std::exchange(events_, nullptr)->on_broken(how, reason);
}

void Http1Client::disconnected(Disconnect how, std::string_view reason) {
  using State = Http1ResponseParser::State;
  ending_ = Ending::Close;
  if (events_ == nullptr) return;
  const bool in_message = head_done_ || parser_->started();
  if (how != Disconnect::Broken && in_message && !response_ended_) {
    // What told its own end and is cut off is no message (Envoy's rule).
    if (parser_->end_of_input() == State::Failed) {
      return break_off(Break::Malformed, parser_->failure().reason);
    }
    if (how == Disconnect::EndOfInput) {
      pass_body();
      if (events_ == nullptr) return;
    }
  }
  const bool met_the_end = how != Disconnect::Broken && !response_started_;
  break_off(met_the_end ? Break::BeforeResponse : Break::Failed, reason);
}

void Http1Client::drain() {
  draining_ = true;
  if (!busy_) ending_ = Ending::Close;
  context_.carrier.wake();
}

std::unique_ptr<UpstreamCodec> make_http1_client(const UpstreamCodecContext& context) {
  return std::make_unique<Http1Client>(context);
}

}  // namespace weir::serve

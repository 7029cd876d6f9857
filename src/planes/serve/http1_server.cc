#include "planes/serve/http1_server.h"

#include "base/check.h"
#include "planes/serve/refusal_record.h"

namespace weir::serve {
namespace {

// So much of a request that is answered already is read, and so long, for the next one behind it.
constexpr uint64_t kMostDropped = 64 * 1024;
constexpr Milliseconds kDropTime{30'000};

Http1Limits limits_of(const ServerCodecContext& context) {
  const ListenerOptions& options = context.options;
  const bool is_plain = context.connection.tls == nullptr;
  return {.max_header_bytes = options.max_header_bytes,
          .max_header_count = options.max_header_count,
          .upgrades = options.upgrades,
          .scheme = is_plain ? "http" : "https",
          .refuses_https = is_plain && options.checks_scheme};
}

}  // namespace

Http1Server::Http1Server(const ServerCodecContext& context) : context_(context) {
  parser_.emplace(limits_of(context_));
  context_.stats.http_connections.add();
  active_.emplace(context_.stats.active_http_connections);
}

Http1Server::~Http1Server() { WEIR_CHECK(exchange_ == nullptr); }

bool Http1Server::inside_head() const {
  return request_ == Request::Head && ending_ == Ending::Open && parser_->started();
}

bool Http1Server::wants_input() const {
  if (ending_ != Ending::Open) return ending_ == Ending::Linger;
  switch (request_) {
    case Request::Head:
      return true;
    case Request::Body:
      return pauses_ == 0;
    case Request::Ended:
      // Reading on shows that the client has gone; but a pipelined request is one too many to keep.
      return !left_input_;
  }
  return false;
}

void Http1Server::receive(ReadBuffer& input) {
  if (ending_ != Ending::Open) return input.consume(input.unread().size());

  if (request_ == Request::Head) {
    if (!parser_->started()) skip_empty_lines(input);
    const auto state = parser_->advance(input);
    if (state == Http1RequestParser::State::Failed) return request_failed();
    if (state == Http1RequestParser::State::Head) return;
    start_exchange();
  }
  // The exchange may end the response, abort it or pause the request inside any call.
  if (request_ == Request::Body && response_over()) {
    drop_body(input);
  } else if (request_ == Request::Body && pauses_ == 0) {
    if (parser_->advance(input) == Http1RequestParser::State::Failed) {
      request_failed();
    } else {
      pass_body();
    }
  }
  left_input_ = !input.empty();
}

// RFC 9112, section 2.2: empty lines before a request are ignored.
void Http1Server::skip_empty_lines(ReadBuffer& input) {
  while (!input.empty()) {
    const std::string_view text = as_text(input.unread());
    if (!text.starts_with("\r\n")) return;
    input.consume(2);
  }
}

void Http1Server::start_exchange() {
  using State = Http1RequestParser::State;
  const bool complete = parser_->state() == State::Complete;
  request_ = complete ? Request::Ended : Request::Body;
  response_ = Response::Awaited;
  keep_alive_ = parser_->keep_alive();
  continue_sent_ = false;
  pauses_ = 0;
  info_.emplace(
      RequestInfo{.connection = context_.connection,
                  .version = parser_->is_http10() ? HttpVersion::Http10 : HttpVersion::Http11,
                  .implies_scheme = parser_->implies_scheme()});
  context_.stats.requests.add();
  context_.stats.active_requests.add();
  if (age_.add_request()) last_ = draining_ = true;
  exchange_ = &context_.factory.make_exchange(*this);
  HeaderList headers = parser_->take_headers();
  // HTTP/1.0 may tell no host, but all that comes after needs one.
  if (!headers.find(":authority")) {
    static_cast<void>(headers.add(":authority", context_.connection.local_address));
  }
  exchange_->headers(std::move(headers), complete ? EndOfStream::Yes : EndOfStream::No);
}

// A client of a tunnel may send no more, and wait for the rest of what comes back.
bool Http1Server::end_of_input() {
  if (exchange_ == nullptr || request_ != Request::Body || !parser_->is_tunnel()) return false;
  if (response_over() || parser_->end_of_input() != Http1RequestParser::State::Complete) {
    return false;
  }
  pass_body();
  return true;
}

void Http1Server::pass_body() {
  const bool complete = parser_->state() == Http1RequestParser::State::Complete;
  Body body = parser_->take_body();
  if (!complete) {
    if (!body.empty()) exchange_->data(std::move(body), EndOfStream::No);
    return;
  }
  request_ = Request::Ended;
  HeaderList trailers = parser_->take_trailers();
  if (trailers.empty()) return exchange_->data(std::move(body), EndOfStream::Yes);
  if (!body.empty()) {
    exchange_->data(std::move(body), EndOfStream::No);
    if (response_over()) return;
  }
  exchange_->trailers(std::move(trailers));
}

// Of a request that is answered already: only where it ends is of interest, and only where another
// may follow.
void Http1Server::drop_body(ReadBuffer& input) {
  if (!keep_alive_ || parser_->advance(input) == Http1RequestParser::State::Failed) {
    keep_alive_ = false;
    return input.consume(input.unread().size());
  }
  static_cast<void>(parser_->take_body());
  if (parser_->state() != Http1RequestParser::State::Complete) return;
  request_ = Request::Ended;
  if (exchange_ == nullptr) await_request();
}

void Http1Server::await_request() {
  parser_.emplace(limits_of(context_));
  request_ = Request::Head;
}

void Http1Server::request_failed() {
  context_.stats.bad_requests.add();
  const auto& failure = parser_->failure();
  if (exchange_ == nullptr) {
    const std::string details = codec_error_details(HttpVersion::Http11, failure.reason);
    return refuse(failure.status, failure.reason, details, true);
  }

  // What came before the fault is not passed on: its length cannot be trusted either.
  request_ = Request::Ended;
  const bool answer = response_ == Response::Awaited;
  response_ = Response::Aborted;
  exchange_->refuse(answer ? static_cast<uint32_t>(failure.status) : 0, failure.reason);
  finish_exchange();
  if (answer) {
    answer_failure(failure.status, failure.reason);
    return;
  }
  ending_ = Ending::Close;
  context_.carrier.wake();
}

void Http1Server::refuse(int status, std::string_view reason, std::string_view details,
                         bool malformed) {
  const size_t body_bytes = answer_failure(status, reason);
  context_.stats.requests.add();
  const RequestInfo request{
      .connection = context_.connection,
      .version = parser_->is_http10() ? HttpVersion::Http10 : HttpVersion::Http11};
  context_.factory.note_refusal(request, {.status = static_cast<uint32_t>(status),
                                          .details = details,
                                          .body_bytes = body_bytes,
                                          .malformed = malformed});
}

size_t Http1Server::answer_failure(int status, std::string_view reason) {
  const std::string body = std::string(reason) + "\n";
  const std::string code = std::to_string(status);
  const std::string length = std::to_string(body.size());
  HeaderList headers{{":status", code}, {"content-type", "text/plain"}, {"content-length", length}};
  context_.factory.introduce_proxy(headers);
  Body bytes;
  bytes.append_copy(as_bytes(body));
  const bool written = writer_.response(headers, EndOfStream::No, {.keep_alive = false}) ==
                           Http1Writer::Written::Ok &&
                       writer_.data(std::move(bytes), EndOfStream::Yes) == Http1Writer::Written::Ok;
  WEIR_CHECK(written);
  ending_ = Ending::Linger;
  context_.carrier.wake();
  return body.size();
}

void Http1Server::head_timed_out() {
  if (inside_head()) {
    context_.stats.bad_requests.add();
    refuse(408, "request headers took too long", "request_header_timeout", false);
  }
}

void Http1Server::sweep(CoarseTime now) {
  drop_stalled(now);
  end_slow_rest(now);
  if (age_.has_passed(now)) drain();
}

// Bytes that come, as the rest of the request, do not make up for those that the client does not
// take.
void Http1Server::drop_stalled(CoarseTime now) {
  if (response_ != Response::Ended || output_.size() != rest_) {
    rest_ = response_ == Response::Ended ? static_cast<size_t>(output_.size()) : 0;
    rest_since_ = now;
    return;
  }
  const Milliseconds limit = context_.options.stream_timeout;
  if (rest_ == 0 || limit == Milliseconds::zero() || now - rest_since_ <= limit) return;
  output_.drop_front(rest_);
  response_ = Response::Aborted;
  context_.carrier.wake();
}

// The client has its answer, and is not done with its request.
void Http1Server::end_slow_rest(CoarseTime now) {
  if (!drops_body() || ending_ != Ending::Open) return;
  if (dropping_since_ == CoarseTime::max()) dropping_since_ = now;
  if (now - dropping_since_ <= kDropTime) return;
  ending_ = Ending::Linger;
  context_.carrier.wake();
}

void Http1Server::drain() {
  last_ = draining_ = true;
  if (ending_ == Ending::Open && exchange_ == nullptr && !inside_head()) {
    ending_ = drops_body() ? Ending::Linger : Ending::Close;
  }
  context_.carrier.wake();
}

void Http1Server::drain_after_next() { last_ = true; }

void Http1Server::headers(HeaderList headers, EndOfStream end) {
  if (response_over()) return;
  // A client that waits for "100 Continue" may or may not send the body now: nobody can tell where
  // the next request starts (RFC 9110, section 10.1.1).
  const bool body_in_doubt =
      parser_->expects_continue() && !continue_sent_ && request_ == Request::Body;
  if (last_ || body_in_doubt || parser_->is_tunnel() || !rest_is_short()) {
    keep_alive_ = false;
  }
  response_ = Response::Started;
  written(writer_.response(headers, end,
                           {.head = parser_->is_head_request(),
                            .http10 = info_->version == HttpVersion::Http10,
                            .keep_alive = keep_alive_,
                            .upgrade = parser_->is_tunnel() && !parser_->is_connect(),
                            .connect = parser_->is_connect()}),
          end);
}

// Whether what is still to come of the request can be read in any case, should the response end
// before it. If not, the response has to say that the connection ends: its client would send the
// next request to nobody.
bool Http1Server::rest_is_short() const {
  if (request_ != Request::Body) return true;
  const auto left = parser_->body_left();
  return left && *left <= kMostDropped;
}

void Http1Server::data(Body data, EndOfStream end) {
  if (response_over()) return;
  written(writer_.data(std::move(data), end), end);
}

void Http1Server::trailers(HeaderList trailers) {
  if (response_over()) return;
  written(writer_.trailers(trailers), EndOfStream::Yes);
}

void Http1Server::written(Http1Writer::Written written, EndOfStream end) {
  if (written == Http1Writer::Written::Refused) {
    // Neither an end nor more of it would be understood.
    response_ = Response::Aborted;
  } else if (end == EndOfStream::Yes) {
    response_ = Response::Ended;
    if (writer_.until_close()) keep_alive_ = false;
  }
  pause_if_full();
  context_.carrier.wake();
}

void Http1Server::interim_headers(HeaderList headers) {
  if (info_->version == HttpVersion::Http10 || response_ != Response::Awaited) return;
  continue_sent_ = true;
  writer_.interim(headers);
  context_.carrier.wake();
}

void Http1Server::abort(std::string_view) {
  if (response_over()) return;
  response_ = Response::Aborted;
  context_.carrier.wake();
}

void Http1Server::pause() { ++pauses_; }

void Http1Server::resume() {
  WEIR_CHECK(pauses_ > 0);
  if (--pauses_ == 0) context_.carrier.wake();
}

void Http1Server::pause_if_full() {
  if (paused_exchange_ || response_over()) return;
  if (output_.size() <= context_.options.output_buffer_bytes) return;
  paused_exchange_ = true;
  exchange_->pause();
}

void Http1Server::sent() {
  if (exchange_ == nullptr) return;
  if (paused_exchange_ && !response_over() &&
      output_.size() <= context_.options.output_buffer_bytes / 2) {
    paused_exchange_ = false;
    exchange_->resume();
  }
  if (response_ == Response::Aborted) {
    finish_exchange();
    ending_ = Ending::Close;
  } else if (response_ == Response::Ended && output_.empty()) {
    finish_exchange();
    if (!keep_alive_ || draining_) {
      ending_ = Ending::Linger;
    } else if (request_ == Request::Ended) {
      await_request();
    } else {
      dropping_since_ = CoarseTime::max();
    }
    context_.carrier.wake();
  }
}

void Http1Server::finish_exchange() {
  paused_exchange_ = false;
  context_.stats.active_requests.subtract();
  std::exchange(exchange_, nullptr)->closed();
  pauses_ = 0;
}

void Http1Server::disconnected(Disconnect, std::string_view reason) {
  active_.reset();
  ending_ = Ending::Close;
  if (exchange_ == nullptr) return;
  if (request_ == Request::Body && !response_over()) {
    request_ = Request::Ended;
    response_ = Response::Aborted;
    exchange_->abort(reason);
  }
  finish_exchange();
}

std::unique_ptr<Codec> make_http1_server(const ServerCodecContext& context) {
  return std::make_unique<Http1Server>(context);
}

}  // namespace weir::serve

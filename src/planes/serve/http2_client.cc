#include "planes/serve/http2_client.h"

#include <utility>

#include "base/check.h"
#include "planes/serve/http1_writer.h"
#include "planes/serve/http2_tunnel.h"

namespace weir::serve {

// A request and its response. Destroyed when HTTP/2 has closed the stream, released or not.
class Http2Client::Stream final : public Http2Stream, public UpstreamStream {
 public:
  explicit Stream(Http2Client& client) : client_(client) {}

  void headers(const HeaderList& headers, EndOfStream end) override {
    if (!is_upgrade(headers)) return start(headers, end);
    upgrade = {.protocol = std::string(headers.find("upgrade").value_or("")),
               .websocket_key = std::string(headers.find("sec-websocket-key").value_or(""))};
    waiting = translate_upgrade(headers);
    ask_for_upgrade();
  }

  // Once the upstream has said whether it may be asked.
  void ask_for_upgrade() {
    const auto takes = client_.session_.takes_extended_connect();
    if (!takes) return;
    const HeaderList request = *std::exchange(waiting, std::nullopt);
    if (*takes) return start(request, EndOfStream::No);
    client_.refuse(*this, Break::Failed, "the upstream takes no extended CONNECT (RFC 8441)");
  }

  void data(Body data, EndOfStream end) override {
    client_.session_.send_data(*this, std::move(data), end);
    if (full || backlog() <= client_.context_.settings.output_buffer_bytes) return;
    full = true;
    events->on_backlog(true);
  }

  void trailers(const HeaderList& trailers) override {
    client_.session_.send_trailers(*this, trailers);
  }

  void metadata(const HeaderList& metadata) override {
    client_.session_.send_metadata(*this, metadata);
  }

  size_t backlog() const override { return Http2Stream::backlog(); }

  void set_paused(bool paused) override { client_.session_.set_paused(*this, paused); }

  void release() override {
    events = nullptr;
    if (refused || (sending_ended() && receiving_ended())) return;
    if (waiting) return client_.refuse(*this, Break::Failed, "");
    client_.session_.reset(*this, NGHTTP2_CANCEL);
  }

  Streams::iterator self;  // in the client's list
  UpstreamEvents* events = nullptr;
  uint64_t receipts = 0;  // the client's, when it was sent
  std::optional<UpgradeRequest> upgrade;
  std::optional<HeaderList> waiting;  // for the upstream's settings
  bool refused = false;               // never became a stream of HTTP/2, and for what:
  Break refusal = Break::Failed;
  std::string_view refusal_reason;
  bool full = false;  // as events->on_backlog() said

 private:
  void start(const HeaderList& headers, EndOfStream end) {
    receipts = client_.receipts_;
    if (!client_.session_.send_request(*this, headers, end)) {
      client_.refuse(*this, Break::Failed, "the request is not valid HTTP");
    }
    if (client_.last_) client_.session_.shut_down();
  }

  Http2Client& client_;
};

Http2Client::Http2Client(const UpstreamCodecContext& context)
    : context_(context),
      session_(Http2Session::Role::Client,
               {.max_header_bytes = context.settings.max_header_bytes,
                .max_header_count = context.settings.max_header_count,
                .http2 = context.settings.http2_options},
               context.carrier, *this, context.stats.dropped_headers, context.stats.http2) {}

void Http2Client::receive(ReadBuffer& input) {
  ++receipts_;
  session_.receive(input);
}

void Http2Client::sweep(CoarseTime now) {
  session_.sweep(now);
  if (age_.has_passed(now)) session_.shut_down();
}

UpstreamStream& Http2Client::open(UpstreamEvents& events) {
  WEIR_CHECK(capacity() > 0);
  Stream& stream = streams_.emplace_back(*this);
  stream.self = std::prev(streams_.end());
  stream.events = &events;
  if (age_.add_request()) last_ = true;
  return stream;
}

void Http2Client::refuse(Stream& stream, Break how, std::string_view reason) {
  stream.refused = has_refused_ = true;
  stream.waiting.reset();
  stream.refusal = how;
  stream.refusal_reason = reason;
  context_.carrier.wake();
}

void Http2Client::sent() {
  session_.sent();
  if (!std::exchange(has_refused_, false)) return;
  for (auto next = streams_.begin(); next != streams_.end();) {
    Stream& stream = *next++;
    if (!stream.refused) continue;
    UpstreamEvents* const events = stream.events;
    const Break how = stream.refusal;
    const std::string_view reason = stream.refusal_reason;
    streams_.erase(stream.self);
    if (events != nullptr) events->on_broken(how, reason);
  }
}

void Http2Client::disconnected(Disconnect how, std::string_view reason) {
  break_reason_ = reason;
  ended_by_peer_ = how != Disconnect::Broken;
  for (Stream& stream : streams_) {
    if (stream.waiting) refuse(stream, Break::Unsent, reason);
  }
  session_.disconnect();
  sent();
}

Http2Stream& Http2Client::on_opened() {
  // Push is switched off, and nghttp2 holds the peer to it.
  check_failed("an upstream opened a stream", __FILE__, __LINE__);
}

void Http2Client::on_headers(Http2Stream& base, HeaderList headers, EndOfStream end) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.events == nullptr) return;
  if (headers.find(":status").value_or("").starts_with('1')) {
    return stream.events->on_interim_headers(std::move(headers));
  }
  if (stream.upgrade && headers.find(":status").value_or("").starts_with('2')) {
    translate_acceptance(*stream.upgrade, headers);
  }
  stream.events->on_headers(std::move(headers), end);
}

void Http2Client::on_data(Http2Stream& base, Body data, EndOfStream end) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.events != nullptr) stream.events->on_data(std::move(data), end);
}

void Http2Client::on_trailers(Http2Stream& base, HeaderList trailers) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.events != nullptr) stream.events->on_trailers(std::move(trailers));
}

void Http2Client::on_metadata(Http2Stream& base, HeaderList metadata) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.events != nullptr) stream.events->on_metadata(std::move(metadata));
}

void Http2Client::on_oversized(Http2Stream& base) {
  session_.reset(base, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Client::on_settings() {
  for (Stream& stream : streams_) {
    if (stream.waiting) stream.ask_for_upgrade();
  }
}

void Http2Client::on_sent(Http2Stream& base) {
  auto& stream = static_cast<Stream&>(base);
  if (!stream.full || stream.events == nullptr) return;
  if (stream.backlog() > context_.settings.output_buffer_bytes / 2) return;
  stream.full = false;
  stream.events->on_backlog(false);
}

Break Http2Client::break_of(const Stream& stream, bool unprocessed) const {
  if (stream.malformed()) return Break::Malformed;
  if (stream.unsent()) return Break::Unsent;
  if (unprocessed) return Break::Refused;
  const bool met_the_end = ended_by_peer_ && stream.receipts == receipts_;
  return met_the_end ? Break::BeforeResponse : Break::Failed;
}

void Http2Client::on_closed(Http2Stream& base, uint32_t, bool unprocessed) {
  auto& stream = static_cast<Stream&>(base);
  UpstreamEvents* const events = stream.events;
  const Break how = break_of(stream, unprocessed);
  streams_.erase(stream.self);
  if (events != nullptr) events->on_broken(how, break_reason_);
}

std::unique_ptr<UpstreamCodec> make_http2_client(const UpstreamCodecContext& context) {
  return std::make_unique<Http2Client>(context);
}

}  // namespace weir::serve

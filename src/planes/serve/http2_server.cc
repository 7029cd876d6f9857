#include "planes/serve/http2_server.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "planes/common/authority.h"
#include "planes/common/field_rules.h"
#include "planes/serve/http2_tunnel.h"
#include "planes/serve/refusal_record.h"

namespace weir::serve {
namespace {

// So many streams may have their full share of bytes waiting for the client.
constexpr size_t kUsualStreams = 16;

}  // namespace

// A request and its response. Destroyed when HTTP/2 has closed the stream.
class Http2Server::Stream final : public Http2Stream, public ClientStream {
 public:
  explicit Stream(Http2Server& server) : server_(server) {}

  const RequestInfo& info() const override { return server_.info_; }

  void headers(HeaderList headers, EndOfStream end) override {
    const int status = planes::status_of(headers).value_or(0);
    // As an answer to CONNECT it would say that the tunnel is there (RFC 8441, section 4).
    const bool misleading = asks_switch && status >= 200 && status < 300;
    if (misleading) headers = {{":status", "502"}, {"content-length", "0"}};
    const bool bodyless = misleading || head_request || status == 204 || status == 304;
    // Whatever body comes is left out.
    const EndOfStream sent_end = bodyless ? EndOfStream::Yes : end;
    response_started_ = true;
    if (asks_switch && status == 101) translate_switch(headers, gave_key);
    if (!server_.session_.send_response(*this, headers, sent_end, bodyless)) {
      server_.session_.reset(*this, NGHTTP2_INTERNAL_ERROR);
    }
  }

  void data(Body data, EndOfStream end) override {
    server_.session_.send_data(*this, std::move(data), end);
    if (paused_exchange || backlog() <= server_.most_backlog()) return;
    paused_exchange = true;
    exchange->pause();
  }

  void trailers(HeaderList trailers) override {
    server_.session_.send_trailers(*this, std::move(trailers));
  }

  void metadata(HeaderList metadata) override { server_.session_.send_metadata(*this, metadata); }

  void interim_headers(HeaderList headers) override {
    if (!response_started_) server_.session_.send_interim(*this, headers);
  }

  void abort(std::string_view) override { server_.session_.reset(*this, NGHTTP2_INTERNAL_ERROR); }

  void pause() override {
    if (++pauses_ == 1) server_.session_.set_paused(*this, true);
  }

  void resume() override {
    WEIR_CHECK(pauses_ > 0);
    if (--pauses_ == 0) server_.session_.set_paused(*this, false);
  }

  Streams::iterator self;        // in the server's list
  Exchange* exchange = nullptr;  // owns itself; ours until closed()
  bool head_request = false;
  bool refused = false;          // there is no exchange for it
  bool asks_switch = false;      // to another protocol
  bool gave_key = false;         // of a WebSocket
  bool paused_exchange = false;  // the response's body

 private:
  Http2Server& server_;
  uint32_t pauses_ = 0;  // of the request's body
  bool response_started_ = false;
};

Http2Server::Http2Server(const ServerCodecContext& context)
    : context_(context),
      session_(Http2Session::Role::Server,
               {.max_header_bytes = context.options.max_header_bytes,
                .max_header_count = context.options.max_header_count,
                .extended_connect = !context.options.upgrades.empty(),
                .stall_timeout = context.options.stream_timeout,
                .http2 = context.options.http2},
               context.carrier, *this, context.stats.dropped_headers, context.stats.http2) {
  context_.stats.http_connections.add();
  active_.emplace(context_.stats.active_http_connections);
  context_.stats.http2_connections.add();
}

void Http2Server::disconnected(Disconnect, std::string_view reason) {
  active_.reset();
  break_reason_ = reason;
  session_.disconnect();
}

void Http2Server::sweep(CoarseTime now) {
  session_.sweep(now);
  if (age_.has_passed(now)) session_.shut_down();
}

// Of one stream. A client with many streams whose windows it keeps closed gets little on each.
size_t Http2Server::most_backlog() const {
  const size_t usual = context_.options.output_buffer_bytes;
  return session_.backlog() <= kUsualStreams * usual ? usual : usual / kUsualStreams;
}

Http2Stream& Http2Server::on_opened() {
  Stream& stream = streams_.emplace_back(*this);
  stream.self = std::prev(streams_.end());
  return stream;
}

void Http2Server::on_headers(Http2Stream& base, HeaderList headers, EndOfStream end) {
  auto& stream = static_cast<Stream&>(base);
  const auto method = headers.find(":method");
  stream.head_request = method == "HEAD";
  bool has_path = true;
  if (method == "CONNECT") {
    stream.gave_key = headers.find("sec-websocket-key").has_value();
    auto translated = translate_connect(headers, context_.options.upgrades);
    if (end == EndOfStream::Yes || !translated) {
      return refuse(stream, 501, "CONNECT is not supported");
    }
    headers = std::move(*translated);
    has_path = headers.find(":path").has_value();
    stream.asks_switch = has_path;
  } else if (!headers.find(":authority")) {
    // Some clients that translate from HTTP/1 send a host instead (RFC 9113, section 8.3.1).
    HeaderList with_authority;
    for (std::string_view name : {":method", ":path", ":scheme"}) {
      WEIR_CHECK(with_authority.add(name, headers.find(name).value_or("")));
    }
    WEIR_CHECK(with_authority.add(":authority", headers.find("host").value_or("")));
    for (size_t i = 0; i < headers.count(); ++i) {
      const auto name = headers.name(i);
      if (name.starts_with(':') || name == "host") continue;
      WEIR_CHECK(with_authority.add(name, headers.value(i)));
    }
    headers = std::move(with_authority);
  }
  const std::string_view path = headers.find(":path").value_or("");
  const bool bad_path =
      has_path && (!planes::is_strict_target(path) || path.find('#') != std::string_view::npos);
  if (bad_path || !planes::parse_authority(headers.find(":authority").value_or(""))) {
    return refuse(stream, 400, "bad request target");
  }
  context_.stats.requests.add();
  context_.stats.active_requests.add();
  if (age_.add_request()) session_.shut_down();
  stream.exchange = &context_.factory.make_exchange(stream);
  stream.exchange->headers(std::move(headers), end);
}

void Http2Server::on_data(Http2Stream& base, Body data, EndOfStream end) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.exchange != nullptr) stream.exchange->data(std::move(data), end);
}

void Http2Server::on_trailers(Http2Stream& base, HeaderList trailers) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.exchange != nullptr) stream.exchange->trailers(std::move(trailers));
}

void Http2Server::on_metadata(Http2Stream& base, HeaderList metadata) {
  auto& stream = static_cast<Stream&>(base);
  if (stream.exchange != nullptr) stream.exchange->metadata(std::move(metadata));
}

void Http2Server::on_oversized(Http2Stream& base) {
  auto& stream = static_cast<Stream&>(base);
  // Too many trailers: the request is under way and cannot end as it should.
  if (stream.exchange != nullptr) return session_.reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
  refuse(stream, 431, "headers too large");
}

void Http2Server::refuse(Stream& stream, uint32_t status, std::string_view reason) {
  stream.refused = true;
  if (status != 0) {
    const std::string text = std::to_string(status);
    HeaderList headers{{":status", text}, {"content-length", "0"}};
    context_.factory.introduce_proxy(headers);
    session_.send_response(stream, headers, EndOfStream::Yes, stream.head_request);
  }
  context_.stats.requests.add();
  const std::string details = codec_error_details(HttpVersion::Http2, reason);
  context_.factory.note_refusal(info_, {.status = status, .details = details});
}

void Http2Server::on_sent(Http2Stream& base) {
  auto& stream = static_cast<Stream&>(base);
  if (!stream.paused_exchange) return;
  if (stream.backlog() > most_backlog() / 2) return;
  stream.paused_exchange = false;
  if (!stream.sending_ended()) stream.exchange->resume();
}

void Http2Server::on_closed(Http2Stream& base, uint32_t error, bool) {
  auto& stream = static_cast<Stream&>(base);
  if (Exchange* const exchange = std::exchange(stream.exchange, nullptr)) {
    context_.stats.active_requests.subtract();
    const bool client_left = error != NGHTTP2_NO_ERROR || !stream.sending_ended();
    if (client_left && !stream.receiving_ended()) exchange->abort(break_reason_);
    exchange->closed();
  } else {
    context_.stats.bad_requests.add();
    // One that nghttp2 has reset by itself.
    if (!stream.refused) refuse(stream, 0, "malformed request");
  }
  streams_.erase(stream.self);
}

std::unique_ptr<Codec> make_http2_server(const ServerCodecContext& context) {
  return std::make_unique<Http2Server>(context);
}

}  // namespace weir::serve

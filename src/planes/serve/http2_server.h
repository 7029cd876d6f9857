#pragma once
// HTTP/2 towards a client: many requests at a time, each an exchange.

#include <list>
#include <optional>
#include <string_view>

#include "planes/serve/connection_age.h"
#include "planes/serve/counter.h"
#include "planes/serve/http2_session.h"
#include "planes/serve/server_codec.h"

namespace weir::serve {

// Thread: its worker's.
class Http2Server final : public Codec, private Http2Events {
 public:
  explicit Http2Server(const ServerCodecContext& context);

  void receive(ReadBuffer& input) override { session_.receive(input); }
  bool wants_input() const override { return session_.wants_input(); }
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override { return session_.output(); }
  void sent() override { session_.sent(); }
  Ending ending() const override { return session_.ending(); }
  void drain() override { session_.shut_down(); }
  size_t active() const override { return streams_.size(); }
  // A request's headers come in one piece; what comes between them does not keep the connection.
  bool inside_head() const override { return false; }
  void head_timed_out() override {}
  ConnectionTimeouts timeouts(const ConnectionTimeouts&) const override {
    return timeouts_of(context_.options);
  }
  void sweep(CoarseTime now) override;

 private:
  class Stream;
  using Streams = std::list<Stream>;

  Http2Stream& on_opened() override;
  void on_headers(Http2Stream& stream, HeaderList headers, EndOfStream) override;
  void on_data(Http2Stream& stream, Body data, EndOfStream) override;
  void on_trailers(Http2Stream& stream, HeaderList trailers) override;
  void on_metadata(Http2Stream& stream, HeaderList metadata) override;
  void on_oversized(Http2Stream& stream) override;
  void on_sent(Http2Stream& stream) override;
  void on_closed(Http2Stream& stream, uint32_t error, bool unprocessed) override;

  void refuse(Stream& stream, uint32_t status, std::string_view reason);
  size_t most_backlog() const;

  const ServerCodecContext context_;
  std::optional<Counted> active_;  // until disconnected(): its counter may go before the codec
  const RequestInfo info_{.connection = context_.connection, .version = HttpVersion::Http2};
  Streams streams_;
  ConnectionAge age_{context_.options.limits, context_.stats.reached_durations,
                     context_.stats.reached_requests};
  std::string_view break_reason_ = "the client has reset the stream";
  Http2Session session_;
};

}  // namespace weir::serve

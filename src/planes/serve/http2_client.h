#pragma once
// HTTP/2 with prior knowledge towards an upstream: as many requests at a time as it allows.

#include <list>

#include "planes/serve/connection_age.h"
#include "planes/serve/http2_session.h"
#include "planes/serve/upstream_codec.h"

namespace weir::serve {

// Thread: its worker's.
class Http2Client final : public UpstreamCodec, private Http2Events {
 public:
  explicit Http2Client(const UpstreamCodecContext& context);

  void receive(ReadBuffer& input) override;
  bool wants_input() const override { return session_.wants_input(); }
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override { return session_.output(); }
  void sent() override;
  Ending ending() const override { return session_.ending(); }
  void drain() override { session_.shut_down(); }
  size_t active() const override { return streams_.size(); }
  bool inside_head() const override { return false; }
  void head_timed_out() override {}
  void sweep(CoarseTime now) override;

  size_t capacity() const override { return last_ ? 0 : session_.capacity(); }
  UpstreamStream& open(UpstreamEvents& events) override;

 private:
  class Stream;
  using Streams = std::list<Stream>;

  Http2Stream& on_opened() override;
  void on_headers(Http2Stream& stream, HeaderList headers, EndOfStream) override;
  void on_data(Http2Stream& stream, Body data, EndOfStream) override;
  void on_trailers(Http2Stream& stream, HeaderList trailers) override;
  void on_metadata(Http2Stream& stream, HeaderList metadata) override;
  void on_oversized(Http2Stream& stream) override;
  void on_settings() override;
  void on_sent(Http2Stream& stream) override;
  void on_closed(Http2Stream& stream, uint32_t error, bool unprocessed) override;

  // A stream that HTTP/2 knows nothing of is broken, a little later.
  void refuse(Stream& stream, Break how, std::string_view reason);

  // What has become of a stream that HTTP/2 has closed.
  Break break_of(const Stream& stream, bool unprocessed) const;

  const UpstreamCodecContext context_;
  Streams streams_;
  ConnectionAge age_{context_.settings.connection_limits, context_.stats.reached_durations,
                     context_.stats.reached_requests};
  bool last_ = false;         // no request may follow those that are open
  bool has_refused_ = false;  // some request was not sent
  bool ended_by_peer_ = false;
  uint64_t receipts_ = 0;  // how often bytes have come
  std::string_view break_reason_ = "the upstream has reset the stream";
  Http2Session session_;
};

}  // namespace weir::serve

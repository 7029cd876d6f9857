#pragma once
// HTTP/1.1 towards an upstream: one request at a time, the connection kept for the next.

#include <optional>
#include <string>

#include "planes/serve/connection_age.h"
#include "planes/serve/http1_parser.h"
#include "planes/serve/http1_writer.h"
#include "planes/serve/upstream_codec.h"

namespace weir::serve {

// Thread: its worker's.
class Http1Client final : public UpstreamCodec, private UpstreamStream {
 public:
  explicit Http1Client(const UpstreamCodecContext& context) : context_(context) {}
  ~Http1Client() override;

  void receive(ReadBuffer& input) override;
  bool wants_input() const override;
  bool output_has_ended() const override { return is_tunnel_ && request_ended_; }
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override { return output_; }
  void sent() override;
  Ending ending() const override { return ending_; }
  void drain() override;
  size_t active() const override { return busy_ ? 1 : 0; }
  bool inside_head() const override { return false; }
  void head_timed_out() override {}
  void sweep(CoarseTime now) override {
    if (age_.has_passed(now)) drain();
  }

  size_t capacity() const override { return busy_ || ending_ != Ending::Open ? 0 : 1; }
  UpstreamStream& open(UpstreamEvents& events) override;

 private:
  // UpstreamStream: the request.
  void headers(const HeaderList& headers, EndOfStream) override;
  void data(Body data, EndOfStream) override;
  void trailers(const HeaderList& trailers) override;
  size_t backlog() const override { return output_.size(); }
  void set_paused(bool paused) override;
  void release() override;

  // These may have released the stream when they return; false: they have, or it broke.
  bool receive_head(ReadBuffer& input);
  void receive_body(ReadBuffer& input);
  void pass_body();

  void start_parser();
  void written(Http1Writer::Written written, EndOfStream);
  void break_off(Break how, std::string_view reason);
  bool over() const { return request_ended_ && response_ended_; }

  const UpstreamCodecContext context_;
  Body output_;
  Http1Writer writer_{output_, context_.stats.dropped_headers};
  std::optional<Http1ResponseParser> parser_;
  ConnectionAge age_{context_.settings.connection_limits, context_.stats.reached_durations,
                     context_.stats.reached_requests};
  UpstreamEvents* events_ = nullptr;  // null: nobody wants them (any more)
  Ending ending_ = Ending::Open;
  bool busy_ = false;  // from open() until both messages have ended and all is sent
  bool head_request_ = false;
  bool asks_upgrade_ = false;
  bool is_connect_ = false;
  bool is_tunnel_ = false;  // another protocol is spoken now
  bool request_ended_ = false;
  bool response_started_ = false;  // some byte has come
  bool head_done_ = false;
  bool response_ended_ = false;
  bool refused_ = false;  // the request could not be written
  bool paused_ = false;
  bool backlog_ = false;
  bool draining_ = false;
};

}  // namespace weir::serve

#pragma once
// HTTP/1.1 and 1.0 towards a client: one request after the other, pipelined ones wait their turn.

#include <optional>

#include "planes/serve/connection_age.h"
#include "planes/serve/counter.h"
#include "planes/serve/http1_parser.h"
#include "planes/serve/http1_writer.h"
#include "planes/serve/server_codec.h"

namespace weir::serve {

// Thread: its worker's.
class Http1Server final : public Codec, private ClientStream {
 public:
  explicit Http1Server(const ServerCodecContext& context);
  ~Http1Server() override;

  void receive(ReadBuffer& input) override;
  bool wants_input() const override;
  bool end_of_input() override;
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override { return output_; }
  void sent() override;
  Ending ending() const override { return ending_; }
  void drain() override;
  void drain_after_next() override;
  size_t active() const override { return exchange_ == nullptr ? 0 : 1; }
  bool inside_head() const override;
  void head_timed_out() override;
  ConnectionTimeouts timeouts(const ConnectionTimeouts&) const override {
    return timeouts_of(context_.options);
  }
  void sweep(CoarseTime now) override;

 private:
  enum class Request : uint8_t { Head, Body, Ended };
  enum class Response : uint8_t { Awaited, Started, Ended, Aborted };

  // ClientStream: the response.
  const RequestInfo& info() const override { return *info_; }
  void headers(HeaderList headers, EndOfStream) override;
  void data(Body data, EndOfStream) override;
  void trailers(HeaderList trailers) override;
  void interim_headers(HeaderList headers) override;
  void abort(std::string_view reason) override;
  void pause() override;
  void resume() override;

  void start_exchange();
  void pass_body();
  void drop_body(ReadBuffer& input);
  // There is no exchange, and the rest of the last one's request is still to come.
  bool drops_body() const { return exchange_ == nullptr && request_ == Request::Body; }
  bool rest_is_short() const;
  void await_request();
  void request_failed();
  // Before there is an exchange.
  void refuse(int status, std::string_view reason, std::string_view details, bool malformed);
  // Answers, and ends the connection. How many bytes the body has.
  size_t answer_failure(int status, std::string_view reason);
  void written(Http1Writer::Written written, EndOfStream);
  void finish_exchange();
  void pause_if_full();
  bool response_over() const {
    return response_ == Response::Ended || response_ == Response::Aborted;
  }
  void skip_empty_lines(ReadBuffer& input);
  void drop_stalled(CoarseTime now);
  void end_slow_rest(CoarseTime now);

  const ServerCodecContext context_;
  std::optional<Counted> active_;  // until disconnected(): its counter may go before the codec
  Body output_;
  Http1Writer writer_{output_, context_.stats.dropped_headers};
  std::optional<Http1RequestParser> parser_;
  std::optional<RequestInfo> info_;
  ConnectionAge age_{context_.options.limits, context_.stats.reached_durations,
                     context_.stats.reached_requests};
  Exchange* exchange_ = nullptr;  // owns itself; ours until closed()
  Request request_ = Request::Head;
  Response response_ = Response::Awaited;
  Ending ending_ = Ending::Open;
  size_t rest_ = 0;               // of a response that has ended, as far as the client has taken it
  CoarseTime rest_since_{};       // it has not taken more of it since then
  uint32_t pauses_ = 0;           // of the request's body
  bool paused_exchange_ = false;  // the response's body
  bool left_input_ = false;       // some input waits for the exchange to end or resume
  bool keep_alive_ = true;
  bool last_ = false;      // the next response says that the connection ends
  bool draining_ = false;  // and it ends even if that was not said
  bool continue_sent_ = false;
  CoarseTime dropping_since_ = CoarseTime::max();  // max(): no sweep has seen it yet
};

}  // namespace weir::serve

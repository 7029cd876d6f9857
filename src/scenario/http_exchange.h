#pragma once
// One request and its response, between a client and an upstream that a scenario plays.

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "planes/serve/local_reply.h"
#include "runtime/worker.h"
#include "scenario/http_flow.h"
#include "scenario/journal.h"
#include "scenario/script.h"
#include "scenario/stream_attributes.h"

namespace weir::scenario {

// As the plugin handed it over.
struct SeenReply {
  uint32_t status;
  std::string details;
  std::string body;
  abi::HeaderList headers;
  int32_t grpc_status;
};

// No callback is made from inside another one: what the plugin asks for in one is done when it has
// returned. Thread: the scenario's.
class HttpExchange final : public runtime::HttpStream {
 public:
  // All outlive it.
  struct Parts {
    runtime::WorkerPlugin& plugin;
    const Clock& clock;
    Journal& journal;
    const Properties& world;
    const HttpStep& step;
  };

  explicit HttpExchange(const Parts& parts);
  ~HttpExchange() override;

  // What comes from the client (Request) and from the upstream (Response).
  void headers(Direction direction, const std::vector<Field>& fields, abi::EndOfStream end);
  void data(Direction direction, std::string_view bytes, abi::EndOfStream end);
  void trailers(Direction direction, const std::vector<Field>& fields);

  // Both messages are over, or broken off: the plugin is told. Once.
  void finish();

  // Nothing more can happen to a message of that direction.
  bool is_over(Direction direction) const;
  // The upstream has the whole request, and nobody has answered it.
  bool wants_response() const {
    return !reset_ && request_.ended() && !request_.closed() && !response_.has_headers();
  }

  const std::optional<SeenMessage>& request() const { return request_.seen(); }
  const std::optional<SeenMessage>& response() const { return response_.seen(); }
  const std::optional<SeenReply>& local_reply() const { return reply_; }
  bool was_reset() const { return reset_; }
  bool has_finished() const { return finishing_; }
  bool route_was_cleared() const { return route_cleared_; }
  // How long a step waits for the plugin, at most.
  Milliseconds patience() const { return parts_.step.patience; }

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override {
    return attributes_.find(path);
  }
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType type) override;
  abi::Buffer* body(Direction direction) override { return flow(direction).body(); }
  void resume(Direction direction) override;
  bool send_local_response(const runtime::LocalResponse& response) override;
  void reset() override;
  void fail(std::string_view reason) override;
  void clear_route_cache() override;
  void finished() override { parts_.journal.add_line("stream has finished"); }

 private:
  class Turn;

  HttpFlow& flow(Direction direction) {
    return direction == Direction::Request ? request_ : response_;
  }
  const HttpFlow& flow(Direction direction) const {
    return direction == Direction::Request ? request_ : response_;
  }
  runtime::HttpContext* in_service() const { return in_service_ ? context_.get() : nullptr; }
  // Answers in the upstream's place. False: it is too late.
  bool reply(serve::LocalReply reply);
  void send_reply(serve::LocalReply reply);
  void settle();
  bool settle_one();

  const Parts parts_;
  StreamAttributes attributes_;
  runtime::FilterState filter_state_;
  const Nanoseconds begin_;
  std::optional<Nanoseconds> end_;
  HttpFlow request_{Direction::Request};
  HttpFlow response_{Direction::Response};
  serve::RequestTraits traits_;
  std::string details_ = "via_upstream";
  int depth_ = 0;
  bool resumes_[2] = {};
  std::optional<serve::LocalReply> pending_reply_;
  std::optional<SeenReply> reply_;
  bool reset_ = false;
  bool route_cleared_ = false;
  bool in_service_ = true;
  bool finishing_ = false;
  std::unique_ptr<runtime::HttpContext> context_;  // after what it may look at
};

}  // namespace weir::scenario

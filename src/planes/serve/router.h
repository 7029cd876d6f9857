#pragma once
// The end of the filter chain: sends one request to the cluster that its route names, and hands the
// response back.

#include <memory>
#include <optional>
#include <span>

#include "planes/serve/counter.h"
#include "planes/serve/exchange.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/reaper.h"
#include "planes/serve/route_table.h"
#include "planes/serve/timeout_queue.h"

namespace weir::serve {

// Of the requests routed to one cluster. Thread: its worker's changes it, any reads it.
struct RouterStats {
  Counter responses_by_class[5];  // 1xx to 5xx
  Counter timeouts;
};

// What routers of one listener on one worker share. All outlive them.
struct RouterParts {
  const RouteTable& routes;
  // By RouteTarget::cluster.
  std::span<Cluster* const> clusters;
  std::span<RouterStats* const> stats;
  Reaper& reaper;
  TimeoutQueue& timeouts;
};

// Who takes the router's response. Only interim headers come before on_response_headers, nothing
// after the end or the failure.
class RouterOwner {
 public:
  virtual void on_interim_headers(HeaderList headers) = 0;
  virtual void on_response_headers(HeaderList headers, EndOfStream end) = 0;
  virtual void on_response_data(Body data, EndOfStream end) = 0;
  virtual void on_response_trailers(HeaderList trailers) = 0;
  // The response cannot come, or not all of it; `reply` is what to say instead of it.
  virtual void on_router_failure(LocalReply reply) = 0;

 protected:
  ~RouterOwner() = default;
};

// One request. It is the sink of the request and the source of the response. Thread: its worker's.
class Router final : public MessageSink, public MessageSource, private TimeoutQueue::Entry {
 public:
  // `request` is paused while the upstream takes no more. Both outlive the router.
  Router(const RouterParts& parts, RouterOwner& owner, MessageSource& request);

  // MessageSink: the request.
  void headers(HeaderList headers, EndOfStream end) override;
  void data(Body data, EndOfStream end) override;
  void trailers(HeaderList trailers) override;
  void abort(std::string_view) override { cancel(); }

  // MessageSource: of the response.
  void pause() override;
  void resume() override;

  // Breaks off what is under way; the owner hears no more.
  void cancel();

  // A request has been sent, and its response is still to come or coming.
  bool is_open() const { return upstream_ != nullptr && !done_; }
  const RouteTarget* target() const { return target_; }
  // Where a request with these headers would go now; null where no route matches.
  const RouteTarget* find_target(const HeaderList& request_headers) const;
  // What is known of the upstream, also after the end.
  const UpstreamInfo* upstream() const;

 private:
  // Takes the response from the cluster.
  class Response final : public MessageSink {
   public:
    explicit Response(Router& router) : router_(router) {}
    void headers(HeaderList headers, EndOfStream end) override;
    void data(Body data, EndOfStream end) override;
    void trailers(HeaderList trailers) override;
    void interim_headers(HeaderList headers) override;
    void abort(std::string_view reason) override;

   private:
    Router& router_;
  };

  void on_timeout() override;
  void request_ended();
  void response_ended();
  void fail(LocalReply reply);
  RouterStats& stats() const { return *parts_.stats[target_->cluster]; }

  const RouterParts& parts_;
  RouterOwner& owner_;
  MessageSource& request_;
  Response response_;
  const RouteTarget* target_ = nullptr;
  std::unique_ptr<UpstreamExchange> upstream_;
  std::optional<UpstreamInfo> known_upstream_;
  bool response_begun_ = false;
  bool done_ = false;  // the response has ended, or nothing more is to come
};

}  // namespace weir::serve

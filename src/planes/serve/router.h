#pragma once
// The end of the filter chain: sends one request to the cluster that its route names, and hands the
// response back; or answers it as the route says.

#include <memory>
#include <optional>
#include <span>

#include "planes/serve/counter.h"
#include "planes/serve/exchange.h"
#include "planes/serve/latency_histogram.h"
#include "planes/serve/local_reply.h"
#include "planes/serve/reaper.h"
#include "planes/serve/replay.h"
#include "planes/serve/route_table.h"
#include "planes/serve/status_classes.h"
#include "planes/serve/timeout_queue.h"
#include "runtime/worker_services.h"

namespace weir::serve {

// From 100 on.
inline constexpr size_t kStatuses = 500;

// Of the requests routed to one cluster. Thread: its worker's changes it, any reads it.
struct RouterStats {
  StatusClasses responses_by_class;
  Counter responses_by_status[kStatuses];  // from 100 on
  Counter timeouts;
  Counter per_try_timeouts;
  Counter retries;
  Counter exhausted_retries;  // requests whose last try failed too
  LatencyHistogram times;     // from a request's end to its response's
};

// What routers of one listener on one worker share. All outlive them.
struct RouterParts {
  const RouteTable& routes;
  // By RouteCluster::index.
  std::span<Cluster* const> clusters;
  std::span<RouterStats* const> stats;
  Reaper& reaper;
  TimeoutQueue& timeouts;
  runtime::WorkerServices& services;
  // Of a request's body that is kept so that it can be sent again.
  uint64_t replay_limit;
  // Clients are told how long the upstream took, by x-envoy-upstream-service-time.
  bool tells_service_time = false;
};

// Why an upstream gave no response, or not all of it.
struct UpstreamFailure {
  std::string reason;
  bool refused;  // it says that it has not acted on the request
  bool malformed;
  std::string unreachable;  // whom no connection could be made to; empty: there was one
  NotTried not_tried;
};

// Who takes the router's response. Only interim headers and metadata come before
// on_response_headers, nothing after the end or the failure.
class RouterOwner {
 public:
  virtual void on_interim_headers(HeaderList headers) = 0;
  virtual void on_response_headers(HeaderList headers, EndOfStream end) = 0;
  virtual void on_response_data(Body data, EndOfStream end) = 0;
  virtual void on_response_trailers(HeaderList trailers) = 0;
  // Also before the headers.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): as its siblings
  virtual void on_response_metadata(HeaderList) {}
  // The response cannot come, or not all of it; `reply` is what to say instead of it.
  virtual void on_router_failure(LocalReply reply) = 0;
  // Whose requests they are.
  virtual const ConnectionInfo& client() const = 0;

 protected:
  ~RouterOwner() = default;
};

// One request. It is the sink of the request and the source of the response. Thread: its worker's.
class Router final : public MessageSink, public MessageSource {
 public:
  // `request` is paused while the upstream takes no more. Both outlive the router.
  Router(const RouterParts& parts, RouterOwner& owner, MessageSource& request);

  // MessageSink: the request.
  void headers(HeaderList headers, EndOfStream end) override;
  void data(Body data, EndOfStream end) override;
  void trailers(HeaderList trailers) override;
  void metadata(HeaderList metadata) override;
  void abort(std::string_view) override { cancel(); }

  // MessageSource: of the response.
  void pause() override;
  void resume() override;

  // Breaks off what is under way; the owner hears no more.
  void cancel();

  // A request has been sent, and its response is still to come or coming.
  bool is_open() const { return tries_ > 0 && !done_; }
  // Where the request has gone; without a route before that.
  const RouteChoice& choice() const { return choice_; }
  // Where a request with these headers would go now.
  RouteChoice choose(const HeaderList& request_headers) const;
  // How often the request was sent.
  uint32_t tries() const { return tries_; }
  // What is known of the upstream, also after the end.
  const UpstreamInfo* upstream() const;
  // Null: the upstream has not failed.
  const UpstreamFailure* failure() const { return failure_.get(); }
  // Bytes of the request that wait to be sent.
  size_t backlog() const { return upstream_ == nullptr ? 0 : upstream_->backlog(); }
  // Whoever waits for the response gives up.
  void note_timeout();
  // Whether it would have been sent again, but was so often enough.
  bool has_exhausted_retries() const { return exhausted_; }
  // Why the last upstream could not be reached; empty: it could.
  const std::string& transport_failure() const { return transport_failure_; }

 private:
  // Takes the response from the cluster.
  class Response final : public MessageSink {
   public:
    explicit Response(Router& router) : router_(router) {}
    void headers(HeaderList headers, EndOfStream end) override;
    void data(Body data, EndOfStream end) override;
    void trailers(HeaderList trailers) override;
    void interim_headers(HeaderList headers) override;
    void metadata(HeaderList metadata) override;
    void abort(std::string_view reason) override;

   private:
    Router& router_;
  };

  // A time-out that has a name.
  class TimeLimit final : public TimeoutQueue::Entry {
   public:
    using Handler = void (Router::*)();
    TimeLimit(Router& router, Handler on_passed) : router_(router), on_passed_(on_passed) {}
    void on_timeout() override { (router_.*on_passed_)(); }

   private:
    Router& router_;
    Handler on_passed_;
  };

  void answer(const Route& route, const HeaderList& request);
  void forward(HeaderList headers, EndOfStream end);
  void open();
  void release_upstream();
  void request_ended();
  void response_ended();
  void tell_service_time(HeaderList& response) const;
  bool retry_after(const HeaderList& response);
  bool retry_after(TryFailure failure);
  bool may_retry();
  void retry();
  void end_retry();
  void send_again();
  void on_total_timeout();
  void on_try_timeout();
  void stop_clocks();
  void fail(LocalReply reply);
  const RetryPolicy& policy() const { return choice_.route->retry_policy(); }
  RouterStats& stats() const { return *parts_.stats[choice_.cluster->index]; }

  const RouterParts& parts_;
  RouterOwner& owner_;
  MessageSource& request_;
  Response response_;
  const uint64_t random_;
  RouteChoice choice_;
  std::unique_ptr<UpstreamExchange> upstream_;  // null between two tries, and at last
  std::optional<UpstreamInfo> known_upstream_;
  bool exhausted_ = false;
  std::string transport_failure_;

  std::unique_ptr<const UpstreamFailure> failure_;
  std::unique_ptr<Replay> replay_;  // null: the request is sent once
  std::unique_ptr<runtime::Timer> retry_timer_;
  TimeLimit total_limit_{*this, &Router::on_total_timeout};
  TimeLimit try_limit_{*this, &Router::on_try_timeout};
  uint32_t tries_ = 0;
  uint32_t pauses_ = 0;    // of the response, for the next try
  bool retrying_ = false;  // and counted by the cluster

  bool is_tunnel_ = false;  // another protocol is spoken now, for as long as it takes
  bool request_ended_ = false;
  Nanoseconds request_ended_at_{};
  bool response_begun_ = false;
  bool done_ = false;  // the response has ended, or nothing more is to come
};

}  // namespace weir::serve

#pragma once
// A request to a cluster: waits for a connection, passes both messages through, and is sent once
// more where that is safe.

#include <boost/intrusive/list.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "planes/serve/cluster.h"
#include "planes/serve/upstream_codec.h"

namespace weir::serve {

class UpstreamRequest;

// Where requests get their connections. Thread: its worker's.
class Dispatcher {
 public:
  // Gives the request a stream, now or later, or fails it, later.
  virtual void dispatch(UpstreamRequest& request) = 0;

 protected:
  ~Dispatcher() = default;
};

// In a list while it waits; leaves it by itself when it is destroyed.
using WaitingHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Thread: its worker's.
class UpstreamRequest final : public UpstreamExchange, public WaitingHook, private UpstreamEvents {
 public:
  UpstreamRequest(Dispatcher& dispatcher, const ClusterSettings& settings, ClusterStats& stats,
                  MessageSink& response, MessageSource* request, bool http2);
  ~UpstreamRequest() override;

  // The request.
  void headers(HeaderList headers, EndOfStream) override;
  void data(Body data, EndOfStream) override;
  void trailers(HeaderList trailers) override;
  void metadata(HeaderList metadata) override;
  void abort(std::string_view reason) override;

  // The response's body.
  void pause() override;
  void resume() override;

  const UpstreamInfo* info() const override { return info_.get(); }
  size_t backlog() const override { return stream_ == nullptr ? body_.size() : stream_->backlog(); }

  bool was_refused() const override { return refused_; }
  NotTried why_not_tried() const override { return not_tried_; }
  std::string_view transport_failure() const override { return transport_failure_; }
  std::string_view unreachable() const override { return unreachable_; }
  bool was_malformed() const override { return malformed_; }
  void note_timeout() override;

  // For the cluster.
  bool http2() const { return http2_; }
  // Whom its connection has to be to; empty: anybody whom the settings take.
  const std::string& server_name() const { return server_name_; }
  // A kept-alive connection will not do: one has just turned out to be stale.
  bool wants_fresh_connection() const { return retried_; }
  // If the connection turns out to be stale the request is lost: look at it before.
  bool needs_live_connection() const { return !repeatable_; }
  // How many addresses have refused it.
  size_t refusals() const { return refusals_; }
  void note_refusal() { ++refusals_; }
  void attach(UpstreamCodec& codec, std::shared_ptr<const UpstreamInfo> info, bool kept_alive);
  // Not from inside headers().
  void fail(std::string_view reason);
  // For a fail() that is to come.
  void note_failure(std::string reason, NotTried why = NotTried::No) {
    failure_ = std::move(reason);
    not_tried_ = why;
  }
  const std::string& failure() const { return failure_; }
  // Counts it there, in the place of where it was counted before, until its end.
  void count_in(std::shared_ptr<uint32_t> load);
  // Where it is told how the endpoint fares that it has gone to. Null: nowhere.
  void report_to(std::shared_ptr<OutlierRecord> record) { record_ = std::move(record); }
  void note_transport_failure(std::string_view why, std::string address) {
    transport_failure_ = why;
    unreachable_ = std::move(address);
  }
  // Asks to switch protocols, or for a tunnel.
  bool wants_tunnel() const { return tunnel_ != Tunnel::No; }

 private:
  void on_headers(HeaderList headers, EndOfStream) override;
  void on_interim_headers(HeaderList headers) override;
  void on_data(Body data, EndOfStream) override;
  void on_trailers(HeaderList trailers) override;
  void on_metadata(HeaderList metadata) override { response_.metadata(std::move(metadata)); }
  void on_broken(Break how, std::string_view reason) override;
  void on_backlog(bool full) override;

  enum class Tunnel : uint8_t { No, Asked, Open, Refused };

  bool takes_body() const { return stream_ != nullptr && tunnel_ != Tunnel::Asked; }
  void send_waiting();
  void decide_tunnel(std::string_view status);
  bool may_retry(Break how) const;
  void response_ended();
  void release_if_over();
  void set_backlog(bool full);
  void report_status(const HeaderList& headers, EndOfStream end);

  Dispatcher& dispatcher_;
  const ClusterSettings& settings_;
  ClusterStats& stats_;
  MessageSink& response_;
  MessageSource* const request_;
  const bool http2_;

  UpstreamStream* stream_ = nullptr;
  std::shared_ptr<const UpstreamInfo> info_;

  // What is not given to a stream yet. The headers are kept until the response starts if they are
  // all of the request: it can be sent again then.
  std::optional<HeaderList> headers_;
  Body body_;
  std::optional<HeaderList> trailers_;
  std::vector<HeaderList> metadata_;

  uint32_t pauses_ = 0;
  uint32_t interims_ = 0;
  size_t refusals_ = 0;
  std::shared_ptr<uint32_t> load_;  // may be null
  std::shared_ptr<OutlierRecord> record_;
  std::string server_name_;
  std::string failure_;
  std::string transport_failure_;
  std::string unreachable_;
  bool malformed_ = false;
  NotTried not_tried_ = NotTried::No;
  Tunnel tunnel_ = Tunnel::No;
  bool is_connect_ = false;
  bool headers_only_ = false;  // the request ends with its headers
  bool repeatable_ = false;    // and its method is idempotent (RFC 9110, section 9.2.2)
  bool request_ended_ = false;
  bool response_started_ = false;
  bool response_ended_ = false;
  bool kept_alive_ = false;  // the stream's connection has served before
  bool retried_ = false;
  bool backlog_ = false;
  bool refused_ = false;
  bool is_grpc_ = false;  // the response is, and its status comes with its trailers
};

using WaitingList =
    boost::intrusive::list<UpstreamRequest, boost::intrusive::base_hook<WaitingHook>,
                           boost::intrusive::constant_time_size<false>>;

}  // namespace weir::serve

#include "planes/envoy/http_stream.h"

#include <algorithm>

#include "planes/common/grpc_status.h"
#include "planes/envoy/details.h"
#include "planes/envoy/module.h"
#include "planes/envoy/worker.h"
#include "runtime/unavailable_context.h"

namespace weir::envoy_plane {

using abi::DataAction;
using abi::EndOfStream;
using abi::HeadersAction;
using abi::MapType;
using abi::TrailersAction;
using runtime::Direction;

namespace {

constexpr int32_t kGrpcUnavailable = 14;

bool stops_with_data(DataAction action) {
  return action == DataAction::StopIterationAndBuffer ||
         action == DataAction::StopIterationAndWatermark;
}

}  // namespace

HttpStream::HttpStream(Worker& worker, const Configuration& config, EnvoyHttpFilter* filter)
    : WorkerStream(config.stats()),
      worker_(worker),
      config_(config),
      filter_(filter),
      request_headers_(filter, HeaderType::Request),
      request_trailers_(filter, HeaderType::RequestTrailer),
      response_headers_(filter, HeaderType::Response),
      response_trailers_(filter, HeaderType::ResponseTrailer),
      request_(filter, Direction::Request),
      response_(filter, Direction::Response),
      filter_state_(worker, filter),
      calls_(worker, *this, filter),
      began_(needs_clock() ? worker.beginning() : Nanoseconds(0)) {
  worker_.add(*this);
}

HttpStream::~HttpStream() = default;

std::unique_ptr<Waker> HttpStream::make_waker() {
  using HttpWaker =
      SchedulerWaker<EnvoyHttpScheduler, envoy_dynamic_module_callback_http_filter_scheduler_commit,
                     envoy_dynamic_module_callback_http_filter_scheduler_delete>;
  return std::make_unique<HttpWaker>(
      envoy_dynamic_module_callback_http_filter_scheduler_new(filter_));
}

const ConfiguredPlugin& HttpStream::configured() const {
  return worker_.plugin_for(filter_, config_);
}

void HttpStream::begin(const ConfiguredPlugin& configured) {
  std::string why;
  runtime::WorkerPlugin* plugin = worker_.serve(configured, why);
  const Worker::GuestScope guest(worker_);
  if (plugin != nullptr) {
    context_ = plugin->make_http_context(*this);
  } else {
    context_ = std::make_unique<runtime::UnavailableHttpContext>(*this, configured.failure_policy(),
                                                                 std::move(why));
  }
}

HeadersAction HttpStream::on_headers(Direction direction, EndOfStream end) {
  // An answer to a request that never came here passes by.
  if (direction == Direction::Response) {
    has_response_ = true;
    if (context_ == nullptr) return HeadersAction::Continue;
    if (worker_.in_guest()) return hold(direction, end);
  } else if (context_ == nullptr) {
    if (completed_) return HeadersAction::Continue;
    if (worker_.in_guest()) return hold(direction, end);
    const ConfiguredPlugin& plugin = configured();
    if (plugin.state() == ConfiguredPlugin::State::Awaited) {
      wait(end);
      return HeadersAction::StopAllIterationAndWatermark;
    }
    begin(plugin);
  }
  return show_headers(direction, end);
}

HeadersAction HttpStream::show_headers(Direction direction, EndOfStream end) {
  HeadersAction action;
  {
    const Worker::GuestScope guest(worker_);
    action = context_->on_headers(direction, end);
  }
  flush_changes();
  // Envoy has another meaning for this number, and its Wasm filter goes on.
  if (action == HeadersAction::ContinueAndEndStream) action = HeadersAction::Continue;
  half(direction).stopped = action != HeadersAction::Continue;
  if (direction == Direction::Response) response_passed_ = action == HeadersAction::Continue;
  return action;
}

DataAction HttpStream::on_body(Direction direction, EndOfStream end) {
  if (context_ == nullptr) return DataAction::Continue;
  if (worker_.in_guest()) {
    return passes_unseen() ? DataAction::Continue : DataAction::StopIterationNoBuffer;
  }
  Half& message = half(direction);
  message.body.commit();
  const bool comes_again =
      direction == Direction::Request
          ? envoy_dynamic_module_callback_http_received_buffered_request_body(filter_)
          : envoy_dynamic_module_callback_http_received_buffered_response_body(filter_);
  message.body.show(true, false);
  message.bytes += message.body.size();
  message.body.show(true, message.buffering && !comes_again);
  DataAction action;
  if (!context_->sees_body(direction)) {
    action = DataAction::Continue;
  } else {
    const Worker::GuestScope guest(worker_);
    message.in_event = true;
    action = context_->on_body(direction, end);
    message.in_event = false;
  }
  flush_changes();
  // Where it is too much for Envoy, Envoy answers now, and tells of it what there is for it.
  message.body.commit();
  message.stopped = action != DataAction::Continue;
  message.buffering = stops_with_data(action);
  message.body.show(false, message.buffering);
  if (direction == Direction::Response && action == DataAction::Continue) response_passed_ = true;
  return action;
}

TrailersAction HttpStream::on_trailers(Direction direction) {
  if (context_ == nullptr) return TrailersAction::Continue;
  if (worker_.in_guest()) {
    return passes_unseen() ? TrailersAction::Continue : TrailersAction::StopIteration;
  }
  half(direction).has_trailers = true;
  half(direction).stopped = false;
  if (!context_->sees_trailers(direction)) return TrailersAction::Continue;
  TrailersAction action;
  {
    const Worker::GuestScope guest(worker_);
    action = context_->on_trailers(direction);
  }
  flush_changes();
  half(direction).stopped = action != TrailersAction::Continue;
  return action;
}

void HttpStream::on_complete() {
  // A stream that was answered before its request came here is still logged.
  if (context_ == nullptr && !completed_ && !worker_.in_guest() && patience_ == nullptr) {
    begin(configured());
  }
  completed_ = true;
  if (context_ == nullptr || worker_.in_guest()) return;
  const Worker::GuestScope guest(worker_);
  // A plugin that wants to finish later cannot: Envoy's stream is about to go.
  static_cast<void>(context_->finish());
}

void HttpStream::on_destroy() {
  completed_ = true;
  patience_.reset();
  worker_.remove(*this);
  if (!worker_.in_guest()) end();
  filter_state_.detach();
  request_.body.detach();
  response_.body.detach();
  filter_ = nullptr;
}

void HttpStream::end() {
  const Worker::GuestScope guest(worker_);
  calls_.on_stream_end();
  context_.reset();
}

void HttpStream::note() {
  if (filter_ == nullptr || std::exchange(noted_, true)) return;
  worker_.settle_later(*this);
}

void HttpStream::settle() {
  noted_ = false;
  if (filter_ == nullptr) return;
  show_held();
  calls_.settle();
  if (filter_ == nullptr) return;
  if (reset_) {
    reset_ = false;
    reply_.reset();
    answered_ = true;
    envoy_dynamic_module_callback_http_filter_reset_stream(filter_, StreamReset::LocalReset,
                                                           kCloseDetails);
    return;
  }
  if (reply_) return send(*std::exchange(reply_, std::nullopt));
  request_.body.commit();
  response_.body.commit();
  if (answered_) return;
  go_on(Direction::Request);
  go_on(Direction::Response);
}

void HttpStream::go_on(Direction direction) {
  Half& message = half(direction);
  // What was settled before may have ended the stream, or started it again.
  if (!std::exchange(message.resume, false) || !message.stopped || filter_ == nullptr) return;
  message.stopped = false;
  message.buffering = false;
  message.body.show(false, false);
  if (direction == Direction::Request) {
    envoy_dynamic_module_callback_http_filter_continue_decoding(filter_);
  } else {
    response_passed_ = true;
    envoy_dynamic_module_callback_http_filter_continue_encoding(filter_);
  }
}

void HttpStream::send(Reply reply) {
  answered_ = true;
  // Envoy knows by the request whether the answer is gRPC's.
  const bool is_grpc = planes::is_grpc_content_type(
      request_headers_.find("content-type").value_or(std::string_view()));
  OwnReply own({.status = reply.status,
                .headers = reply.headers,
                .body = std::move(reply.body),
                .details = std::move(reply.details),
                .grpc_status = reply.grpc_status},
               is_grpc);
  if (!reply.is_failure && context_ != nullptr) show(own);
  if (filter_ != nullptr) own.send(filter_);
}

void HttpStream::show(OwnReply& reply) {
  own_reply_ = &reply;
  const Worker::GuestScope guest(worker_);
  const bool has_body = reply.body() != nullptr;
  context_->on_headers(Direction::Response, has_body ? EndOfStream::No : EndOfStream::Yes);
  if (has_body && context_->sees_body(Direction::Response)) {
    context_->on_body(Direction::Response, EndOfStream::Yes);
  }
  own_reply_ = nullptr;
}

void HttpStream::flush_changes() {
  if (!request_headers_.take_changed() || filter_ == nullptr || answered_) return;
  envoy_dynamic_module_callback_http_clear_route_cache(filter_);
}

abi::HeaderMap* HttpStream::header_map(MapType type) {
  if (filter_ == nullptr) return nullptr;
  const auto offer = [](EnvoyHeaderMap& map, bool is_there) { return is_there ? &map : nullptr; };
  switch (type) {
    case MapType::RequestHeaders:
      return &request_headers_;
    case MapType::RequestTrailers:
      return offer(request_trailers_, request_.has_trailers);
    case MapType::ResponseHeaders:
      if (own_reply_ != nullptr) return &own_reply_->headers();
      return offer(response_headers_,
                   has_response_ || (answered_ && response_headers_.count() > 0));
    case MapType::ResponseTrailers:
      return offer(response_trailers_, response_.has_trailers);
    default:
      return nullptr;
  }
}

abi::Buffer* HttpStream::body(Direction direction) {
  if (own_reply_ != nullptr && direction == Direction::Response) return own_reply_->body();
  Half& message = half(direction);
  if (filter_ == nullptr || !message.body.is_shown()) return nullptr;
  if (!message.in_event) note();  // it may be changed
  return &message.body;
}

void HttpStream::resume(Direction direction) {
  if (filter_ == nullptr || answered_ || !half(direction).stopped) return;
  half(direction).resume = true;
  note();
}

bool HttpStream::send_local_response(const runtime::LocalResponse& response) {
  if (filter_ == nullptr || answered_ || reply_) return false;
  if (response_passed_) {
    reset();  // as Envoy does where headers have gone
    return false;
  }
  reply_ = Reply{.status = response.status_code,
                 .details = std::string(response.details),
                 .body = std::string(response.body),
                 .headers = response.headers,
                 .grpc_status = response.grpc_status,
                 .is_failure = false};
  note();
  return true;
}

void HttpStream::reset() {
  if (filter_ == nullptr || completed_) return;
  reset_ = true;
  note();
}

void HttpStream::fail(std::string_view) {
  if (filter_ == nullptr || completed_ || answered_) return;
  if (response_passed_) return reset();
  reply_ = Reply{.status = 503,
                 .details = std::string(kFailDetails),
                 .body = "",
                 .headers = {},
                 .grpc_status = kGrpcUnavailable,
                 .is_failure = true};
  note();
}

void HttpStream::clear_route_cache() {
  if (filter_ != nullptr) envoy_dynamic_module_callback_http_clear_route_cache(filter_);
}

}  // namespace weir::envoy_plane

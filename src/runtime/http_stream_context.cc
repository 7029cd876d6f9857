#include "runtime/http_stream_context.h"

#include "runtime/plugin_context.h"
#include "runtime/properties.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

using abi::Callback;
using abi::DataAction;
using abi::EndOfStream;
using abi::HeadersAction;
using abi::MapType;
using abi::Status;
using abi::TrailersAction;

namespace {

// The callback of one direction.
constexpr Callback pick(Direction direction, Callback request, Callback response) {
  return direction == Direction::Request ? request : response;
}

constexpr MapType headers_of(Direction direction) {
  return direction == Direction::Request ? MapType::RequestHeaders : MapType::ResponseHeaders;
}

constexpr MapType trailers_of(Direction direction) {
  return direction == Direction::Request ? MapType::RequestTrailers : MapType::ResponseTrailers;
}

uint32_t count_of(const abi::HeaderMap* map) {
  return map == nullptr ? 0 : static_cast<uint32_t>(map->count());
}

// The guest's answer as an action; one that the action does not have is its strictest stop.
template <typename Action>
Action action_of(uint32_t answer, Action strictest) {
  return answer <= static_cast<uint32_t>(Action::Last) ? static_cast<Action>(answer) : strictest;
}

}  // namespace

HttpStreamContext::HttpStreamContext(VmInstance& instance, PluginContext& of, const Plugin& by,
                                     HttpStream& stream, InstanceLease lease)
    : StreamContext(instance, of, by, std::move(lease)),
      stream_(stream),
      body_goes_on_after_stop_(by.options().allow_on_headers_stop_iteration),
      sees_{instance.has(Callback::OnRequestBody), instance.has(Callback::OnRequestTrailers),
            instance.has(Callback::OnResponseBody), instance.has(Callback::OnResponseTrailers)} {
  create();
}

HttpStreamContext::~HttpStreamContext() { destroy(); }

HeadersAction HttpStreamContext::on_headers(Direction direction, EndOfStream end_of_stream) {
  constexpr auto kStop = HeadersAction::StopAllIterationAndWatermark;
  const Callback callback =
      pick(direction, Callback::OnRequestHeaders, Callback::OnResponseHeaders);
  if (mode() != Mode::Running || !vm().has(callback)) return HeadersAction::Continue;
  const auto answer = call_for(
      direction, callback,
      {count_of(stream_.header_map(headers_of(direction))), static_cast<uint32_t>(end_of_stream)});
  if (!answer) return after_failure(kStop);
  if (ended_stream()) return kStop;
  const auto action = action_of(*answer, kStop);
  if (resumed_itself() && action != HeadersAction::ContinueAndEndStream) {
    return HeadersAction::Continue;
  }
  // The specification's PAUSE: no body until the stream is resumed.
  if (action == HeadersAction::StopIteration && !body_goes_on_after_stop_) return kStop;
  return action;
}

DataAction HttpStreamContext::on_body(Direction direction, EndOfStream end_of_stream) {
  constexpr auto kStop = DataAction::StopIterationNoBuffer;
  if (mode() != Mode::Running) return DataAction::Continue;
  const abi::Buffer* body = stream_.body(direction);
  const auto size = static_cast<uint32_t>(body == nullptr ? 0 : body->size());
  const auto answer =
      call_for(direction, pick(direction, Callback::OnRequestBody, Callback::OnResponseBody),
               {size, static_cast<uint32_t>(end_of_stream)});
  if (!answer) return after_failure(kStop);
  if (ended_stream()) return kStop;
  return resumed_itself() ? DataAction::Continue : action_of(*answer, kStop);
}

TrailersAction HttpStreamContext::on_trailers(Direction direction) {
  constexpr auto kStop = TrailersAction::StopIteration;
  if (mode() != Mode::Running) return TrailersAction::Continue;
  const auto answer = call_for(
      direction, pick(direction, Callback::OnRequestTrailers, Callback::OnResponseTrailers),
      {count_of(stream_.header_map(trailers_of(direction)))});
  if (!answer) return after_failure(kStop);
  if (ended_stream()) return kStop;
  return resumed_itself() ? TrailersAction::Continue : action_of(*answer, kStop);
}

void HttpStreamContext::on_metadata(Direction direction, abi::HeaderMap& metadata) {
  if (mode() != Mode::Running) return;
  static_cast<void>(call_for(
      direction, pick(direction, Callback::OnRequestMetadata, Callback::OnResponseMetadata),
      {count_of(&metadata)}));
}

bool HttpStreamContext::sees_body(Direction direction) const {
  return mode() == Mode::Running && sees_[direction == Direction::Request ? 0 : 2];
}

bool HttpStreamContext::sees_trailers(Direction direction) const {
  return mode() == Mode::Running && sees_[direction == Direction::Request ? 1 : 3];
}

abi::HeaderMap* HttpStreamContext::header_map(MapType type) {
  return type <= MapType::ResponseTrailers ? stream_.header_map(type) : root().call_map(type);
}

abi::Buffer* HttpStreamContext::buffer(abi::BufferType type) {
  switch (type) {
    case abi::BufferType::RequestBody:
      return stream_.body(Direction::Request);
    case abi::BufferType::ResponseBody:
      return stream_.body(Direction::Response);
    default:
      return root().buffer(type);
  }
}

Status HttpStreamContext::continue_stream(abi::StreamType type) {
  switch (type) {
    case abi::StreamType::Request:
      want_resume(Direction::Request);
      return Status::Ok;
    case abi::StreamType::Response:
      want_resume(Direction::Response);
      return Status::Ok;
    default:
      log(LogLevel::Warn, "proxy_continue_stream: an HTTP stream has no such direction; ignored");
      return Status::Ok;
  }
}

// The two directions close together.
Status HttpStreamContext::close_stream(abi::StreamType type) {
  if (type != abi::StreamType::Request && type != abi::StreamType::Response) {
    log(LogLevel::Warn, "proxy_close_stream: an HTTP stream has no such direction; ignored");
    return Status::Ok;
  }
  close_wanted_ = true;
  note_pending();
  return Status::Ok;
}

Status HttpStreamContext::send_local_response(abi::LocalResponseRequest request) {
  if (request.status_code < 200 || request.status_code > 599) {
    log(LogLevel::Error, "proxy_send_local_response: " + std::to_string(request.status_code) +
                             " is no final HTTP status (200 to 599)");
    return Status::BadArgument;
  }
  local_response_ =
      KeptResponse{request.status_code, std::string(request.details), std::string(request.body),
                   std::move(request.headers), request.grpc_status};
  note_pending();
  return Status::Ok;
}

bool HttpStreamContext::apply_end() {
  const bool close = std::exchange(close_wanted_, false);
  if (apply_local_response()) return true;
  if (close) stream_.reset();
  return close;
}

bool HttpStreamContext::apply_local_response() {
  if (!local_response_) return false;
  const KeptResponse response = *std::exchange(local_response_, std::nullopt);
  if (stream_.send_local_response({response.status_code, response.details, response.body,
                                   response.headers, response.grpc_status,
                                   plugin().options().name})) {
    return true;
  }
  log(LogLevel::Warn,
      "proxy_send_local_response: the response has begun already; it is broken off if it has not "
      "ended");
  return false;
}

Status HttpStreamContext::clear_route_cache() {
  stream_.clear_route_cache();
  return Status::Ok;
}

Status HttpStreamContext::get_property(std::string_view path, abi::ValueSink sink) {
  return runtime::get_property({.plugin = plugin(),
                                .stream = &stream_,
                                .http = &stream_,
                                .filter_state = stream_.filter_state()},
                               path, sink);
}

}  // namespace weir::runtime

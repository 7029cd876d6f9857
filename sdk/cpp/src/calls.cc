// Which call is whose: the answers that come by token, handed to callbacks and handlers.

#include <utility>

#include "state.h"

namespace {

// Takes the entry out of the map, so that what it leads to may change the map.
template <typename Map>
typename Map::mapped_type take(Map& map, uint32_t token) {
  const auto found = map.find(token);
  if (found == map.end()) return {};
  auto taken = std::move(found->second);
  map.erase(found);
  return taken;
}

}  // namespace

WasmResult RootContext::httpCall(std::string_view uri, const HeaderStringPairs& request_headers,
                                 std::string_view request_body,
                                 const HeaderStringPairs& request_trailers,
                                 uint32_t timeout_milliseconds, HttpCallCallback callback) {
  uint32_t token = 0;
  const WasmResult result = makeHttpCall(uri, request_headers, request_body, request_trailers,
                                         timeout_milliseconds, &token);
  if (result == WasmResult::Ok) http_calls_[token] = std::move(callback);
  return result;
}

void RootContext::onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size,
                                     uint32_t trailers) {
  if (const auto callback = take(http_calls_, token)) callback(headers, body_size, trailers);
}

WasmResult RootContext::grpcSimpleCall(std::string_view service, std::string_view service_name,
                                       std::string_view method_name,
                                       const HeaderStringPairs& initial_metadata,
                                       std::string_view request, uint32_t timeout_milliseconds,
                                       GrpcSimpleCallCallback callback) {
  uint32_t token = 0;
  const WasmResult result = grpcCall(service, service_name, method_name, initial_metadata, request,
                                     timeout_milliseconds, &token);
  if (result == WasmResult::Ok) simple_grpc_calls_[token] = std::move(callback);
  return result;
}

WasmResult RootContext::grpcSimpleCall(std::string_view service, std::string_view service_name,
                                       std::string_view method_name,
                                       const HeaderStringPairs& initial_metadata,
                                       std::string_view request, uint32_t timeout_milliseconds,
                                       std::function<void(size_t body_size)> success_callback,
                                       std::function<void(GrpcStatus status)> failure_callback) {
  const auto either = [success = std::move(success_callback),
                       failure = std::move(failure_callback)](GrpcStatus status, size_t size) {
    if (status == GrpcStatus::Ok) {
      success(size);
    } else {
      failure(status);
    }
  };
  return grpcSimpleCall(service, service_name, method_name, initial_metadata, request,
                        timeout_milliseconds, GrpcSimpleCallCallback(either));
}

WasmResult RootContext::grpcCallHandler(std::string_view service, std::string_view service_name,
                                        std::string_view method_name,
                                        const HeaderStringPairs& initial_metadata,
                                        std::string_view request, uint32_t timeout_milliseconds,
                                        std::unique_ptr<GrpcCallHandlerBase> handler) {
  uint32_t token = 0;
  const WasmResult result = grpcCall(service, service_name, method_name, initial_metadata, request,
                                     timeout_milliseconds, &token);
  if (result != WasmResult::Ok) return result;
  handler->token_ = token;
  handler->context_ = this;
  grpc_calls_[token] = std::move(handler);
  return result;
}

WasmResult RootContext::grpcStreamHandler(std::string_view service, std::string_view service_name,
                                          std::string_view method_name,
                                          const HeaderStringPairs& initial_metadata,
                                          std::unique_ptr<GrpcStreamHandlerBase> handler) {
  uint32_t token = 0;
  const WasmResult result =
      grpcStream(service, service_name, method_name, initial_metadata, &token);
  if (result != WasmResult::Ok) return result;
  handler->token_ = token;
  handler->context_ = this;
  grpc_streams_[token] = std::move(handler);
  return result;
}

void RootContext::onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers) {
  const auto found = grpc_streams_.find(token);
  if (found == grpc_streams_.end()) return;
  const auto handler = found->second;
  handler->onReceiveInitialMetadata(headers);
}

void RootContext::onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers) {
  const auto found = grpc_streams_.find(token);
  if (found == grpc_streams_.end()) return;
  const auto handler = found->second;
  handler->onReceiveTrailingMetadata(trailers);
}

void RootContext::onGrpcReceive(uint32_t token, size_t body_size) {
  if (const auto callback = take(simple_grpc_calls_, token)) {
    callback(GrpcStatus::Ok, body_size);
  } else if (const auto call = take(grpc_calls_, token)) {
    call->onSuccess(body_size);
  } else if (const auto found = grpc_streams_.find(token); found != grpc_streams_.end()) {
    const auto handler = found->second;
    handler->onReceive(body_size);
  }
}

void RootContext::onGrpcClose(uint32_t token, GrpcStatus status) {
  if (const auto callback = take(simple_grpc_calls_, token)) {
    callback(status, 0);
  } else if (const auto call = take(grpc_calls_, token)) {
    call->onFailure(status);
  } else if (const auto found = grpc_streams_.find(token); found != grpc_streams_.end()) {
    found->second->doRemoteClose(status);
  }
}

void GrpcCallHandlerBase::cancel() {
  if (context_ == nullptr) return;
  grpcCancel(token_);
  context_->grpc_calls_.erase(token_);
}

WasmResult GrpcStreamHandlerBase::send(std::string_view message, bool end_of_stream) {
  const WasmResult sent = grpcSend(token_, message, end_of_stream);
  if (sent == WasmResult::Ok && end_of_stream) local_close_ = true;
  return sent;
}

void GrpcStreamHandlerBase::close() {
  grpcClose(token_);
  local_close_ = true;
}

void GrpcStreamHandlerBase::doRemoteClose(GrpcStatus status) {
  // The map's own share of this object may go while it runs.
  RootContext* const context = context_;
  const auto found = context->grpc_streams_.find(token_);
  if (found == context->grpc_streams_.end()) return;
  const auto self = found->second;
  remote_close_ = true;
  onRemoteClose(status);
  // The host is done with the stream, whatever the plugin still thinks of sending.
  context->grpc_streams_.erase(token_);
}

void GrpcStreamHandlerBase::reset() {
  if (context_ == nullptr) return;
  grpcCancel(token_);
  context_->grpc_streams_.erase(token_);
}

// The host's callbacks, as the contexts' virtual functions.

#include "state.h"

namespace {

// A context that is being called.
template <typename T>
class Called {
 public:
  explicit Called(T* context) : context_(context) {}

  T* operator->() const { return context_; }
  explicit operator bool() const { return context_ != nullptr; }

 private:
  T* context_;
  weir_sdk::EndOfCallback end_;
};

Called<RootContext> root(uint32_t id) {
  RootContext* found = getRootContext(id);
  if (found == nullptr) logAbort("a callback for a root context that does not exist");
  return Called(found);
}

Called<Context> stream(uint32_t id) {
  Context* found = getContext(id);
  if (found == nullptr) logAbort("a callback for a stream that does not exist");
  return Called(found);
}

Called<ContextBase> either(uint32_t id) { return Called(getContextBase(id)); }

}  // namespace

uint32_t proxy_on_vm_start(uint32_t root_id, uint32_t size) {
  weir_sdk::state().starting = true;
  const bool started = root(root_id)->onStart(size);
  weir_sdk::state().starting = false;
  return started;
}

uint32_t proxy_validate_configuration(uint32_t root_id, uint32_t size) {
  return root(root_id)->validateConfiguration(size);
}

uint32_t proxy_on_configure(uint32_t root_id, uint32_t size) {
  return root(root_id)->onConfigure(size);
}

void proxy_on_tick(uint32_t root_id) { root(root_id)->onTick(); }

void proxy_on_queue_ready(uint32_t root_id, uint32_t token) { root(root_id)->onQueueReady(token); }

void proxy_on_foreign_function(uint32_t context_id, uint32_t function_id, uint32_t size) {
  if (const auto context = either(context_id)) {
    context->onForeignFunction(function_id, size);
  }
}

FilterStatus proxy_on_new_connection(uint32_t context_id) {
  return stream(context_id)->onNewConnection();
}

FilterStatus proxy_on_downstream_data(uint32_t context_id, uint32_t size, uint32_t end_of_stream) {
  return stream(context_id)->onDownstreamData(size, end_of_stream != 0);
}

FilterStatus proxy_on_upstream_data(uint32_t context_id, uint32_t size, uint32_t end_of_stream) {
  return stream(context_id)->onUpstreamData(size, end_of_stream != 0);
}

void proxy_on_downstream_connection_close(uint32_t context_id, uint32_t close_type) {
  stream(context_id)->onDownstreamConnectionClose(static_cast<CloseType>(close_type));
}

void proxy_on_upstream_connection_close(uint32_t context_id, uint32_t close_type) {
  stream(context_id)->onUpstreamConnectionClose(static_cast<CloseType>(close_type));
}

FilterHeadersStatus proxy_on_request_headers(uint32_t context_id, uint32_t headers,
                                             uint32_t end_of_stream) {
  return stream(context_id)->onRequestHeaders(headers, end_of_stream != 0);
}

FilterDataStatus proxy_on_request_body(uint32_t context_id, uint32_t size, uint32_t end_of_stream) {
  return stream(context_id)->onRequestBody(size, end_of_stream != 0);
}

FilterTrailersStatus proxy_on_request_trailers(uint32_t context_id, uint32_t trailers) {
  return stream(context_id)->onRequestTrailers(trailers);
}

FilterMetadataStatus proxy_on_request_metadata(uint32_t context_id, uint32_t elements) {
  return stream(context_id)->onRequestMetadata(elements);
}

FilterHeadersStatus proxy_on_response_headers(uint32_t context_id, uint32_t headers,
                                              uint32_t end_of_stream) {
  return stream(context_id)->onResponseHeaders(headers, end_of_stream != 0);
}

FilterDataStatus proxy_on_response_body(uint32_t context_id, uint32_t size,
                                        uint32_t end_of_stream) {
  return stream(context_id)->onResponseBody(size, end_of_stream != 0);
}

FilterTrailersStatus proxy_on_response_trailers(uint32_t context_id, uint32_t trailers) {
  return stream(context_id)->onResponseTrailers(trailers);
}

FilterMetadataStatus proxy_on_response_metadata(uint32_t context_id, uint32_t elements) {
  return stream(context_id)->onResponseMetadata(elements);
}

void proxy_on_http_call_response(uint32_t root_id, uint32_t token, uint32_t headers,
                                 uint32_t body_size, uint32_t trailers) {
  root(root_id)->onHttpCallResponse(token, headers, body_size, trailers);
}

void proxy_on_grpc_receive_initial_metadata(uint32_t root_id, uint32_t token, uint32_t headers) {
  root(root_id)->onGrpcReceiveInitialMetadata(token, headers);
}

void proxy_on_grpc_receive(uint32_t root_id, uint32_t token, uint32_t size) {
  root(root_id)->onGrpcReceive(token, size);
}

void proxy_on_grpc_receive_trailing_metadata(uint32_t root_id, uint32_t token, uint32_t trailers) {
  root(root_id)->onGrpcReceiveTrailingMetadata(token, trailers);
}

void proxy_on_grpc_close(uint32_t root_id, uint32_t token, uint32_t status) {
  root(root_id)->onGrpcClose(token, static_cast<GrpcStatus>(status));
}

uint32_t proxy_on_done(uint32_t context_id) {
  const auto context = either(context_id);
  return !context || context->onDoneBase();
}

void proxy_on_log(uint32_t context_id) {
  if (const auto context = either(context_id)) context->onLog();
}

void envoy_on_resolve_dns(uint32_t context_id, uint32_t token, uint32_t result_size) {
  if (const auto context = either(context_id)) context->onResolveDns(token, result_size);
}

// The host owns nothing of what it asks for: the plugin gives it back by free().
void* proxy_on_memory_allocate(size_t size) { return ::malloc(size); }

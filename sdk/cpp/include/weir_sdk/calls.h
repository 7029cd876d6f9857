#pragma once
// Calls to upstreams without a callback: the token comes back in the root context's
// onHttpCallResponse() and onGrpc…(). RootContext::httpCall() and its like do that for you.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "weir_sdk/data.h"
#include "weir_sdk/grpc_handlers.h"

// `uri` is the name of an upstream. `request_headers` has :method, :path and :authority.
inline WasmResult makeHttpCall(std::string_view uri, const HeaderStringPairs& request_headers,
                               std::string_view request_body,
                               const HeaderStringPairs& request_trailers,
                               uint32_t timeout_milliseconds, uint32_t* token) {
  weir_sdk::MarshalledPairs headers(request_headers);
  weir_sdk::MarshalledPairs trailers(request_trailers);
  return proxy_http_call(uri.data(), uri.size(), headers.data(), headers.size(),
                         request_body.data(), request_body.size(), trailers.data(), trailers.size(),
                         timeout_milliseconds, token);
}

inline WasmResult grpcCall(std::string_view service, std::string_view service_name,
                           std::string_view method_name, const HeaderStringPairs& initial_metadata,
                           std::string_view request, uint32_t timeout_milliseconds,
                           uint32_t* token) {
  weir_sdk::MarshalledPairs metadata(initial_metadata);
  return proxy_grpc_call(service.data(), service.size(), service_name.data(), service_name.size(),
                         method_name.data(), method_name.size(), metadata.data(), metadata.size(),
                         request.data(), request.size(), timeout_milliseconds, token);
}
template <typename Message, weir_sdk::IfMessage<Message> = 0>
WasmResult grpcCall(std::string_view service, std::string_view service_name,
                    std::string_view method_name, const HeaderStringPairs& initial_metadata,
                    const Message& request, uint32_t timeout_milliseconds, uint32_t* token) {
  std::string bytes;
  if (!request.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
  return grpcCall(service, service_name, method_name, initial_metadata, std::string_view(bytes),
                  timeout_milliseconds, token);
}

inline WasmResult grpcStream(std::string_view service, std::string_view service_name,
                             std::string_view method_name,
                             const HeaderStringPairs& initial_metadata, uint32_t* token) {
  weir_sdk::MarshalledPairs metadata(initial_metadata);
  return proxy_grpc_stream(service.data(), service.size(), service_name.data(), service_name.size(),
                           method_name.data(), method_name.size(), metadata.data(), metadata.size(),
                           token);
}

inline WasmResult grpcSend(uint32_t token, std::string_view message, bool end_stream) {
  return proxy_grpc_send(token, message.data(), message.size(), end_stream ? 1 : 0);
}
inline WasmResult grpcClose(uint32_t token) { return proxy_grpc_close(token); }
inline WasmResult grpcCancel(uint32_t token) { return proxy_grpc_cancel(token); }

// The status of the call that has just been answered, and what goes with it.
inline std::pair<uint32_t, WasmDataPtr> getStatus() {
  uint32_t code = 0;
  const char* message = nullptr;
  size_t size = 0;
  CHECK_RESULT(proxy_get_status(&code, &message, &size));
  return {code, std::make_unique<WasmData>(message, size)};
}

#pragma once
// Bodies and other bytes of streams, and what becomes of the streams.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "weir_sdk/data.h"

namespace weir_sdk {

// Offsets cross the ABI as 32 bits. What is beyond them means all there is.
inline uint32_t offset(size_t value) {
  return static_cast<uint32_t>(std::min<size_t>(value, std::numeric_limits<uint32_t>::max()));
}

}  // namespace weir_sdk

// `length` bytes at most, from `start`. Empty, not null, where there are none.
inline WasmDataPtr getBufferBytes(WasmBufferType buffer, size_t start, size_t length) {
  const char* bytes = nullptr;
  size_t size = 0;
  proxy_get_buffer_bytes(buffer, weir_sdk::offset(start), weir_sdk::offset(length), &bytes, &size);
  return std::make_unique<WasmData>(bytes, size);
}

inline WasmResult getBufferStatus(WasmBufferType buffer, size_t* size, uint32_t* flags) {
  return proxy_get_buffer_status(buffer, size, flags);
}

// Replaces `length` bytes from `start` by `data`: (0, 0) puts it in front, (0, size) in place of
// all, (size, 0) behind.
inline WasmResult setBuffer(WasmBufferType buffer, size_t start, size_t length,
                            std::string_view data, size_t* new_size = nullptr) {
  const WasmResult result = proxy_set_buffer_bytes(
      buffer, weir_sdk::offset(start), weir_sdk::offset(length), data.data(), data.size());
  if (result == WasmResult::Ok && new_size != nullptr) {
    uint32_t flags = 0;
    return proxy_get_buffer_status(buffer, new_size, &flags);
  }
  return result;
}

inline WasmResult continueRequest() { return proxy_continue_stream(WasmStreamType::Request); }
inline WasmResult continueResponse() { return proxy_continue_stream(WasmStreamType::Response); }
inline WasmResult continueDownstream() { return proxy_continue_stream(WasmStreamType::Downstream); }
inline WasmResult continueUpstream() { return proxy_continue_stream(WasmStreamType::Upstream); }
inline WasmResult closeRequest() { return proxy_close_stream(WasmStreamType::Request); }
inline WasmResult closeResponse() { return proxy_close_stream(WasmStreamType::Response); }
inline WasmResult closeDownstream() { return proxy_close_stream(WasmStreamType::Downstream); }
inline WasmResult closeUpstream() { return proxy_close_stream(WasmStreamType::Upstream); }

// Answers the request in the upstream's place. `response_code_details` is for logs.
inline WasmResult sendLocalResponse(uint32_t response_code, std::string_view response_code_details,
                                    std::string_view body,
                                    const HeaderStringPairs& additional_response_headers,
                                    GrpcStatus grpc_status = GrpcStatus::InvalidCode) {
  weir_sdk::MarshalledPairs headers(additional_response_headers);
  return proxy_send_local_response(
      response_code, response_code_details.data(), response_code_details.size(), body.data(),
      body.size(), headers.data(), headers.size(), static_cast<uint32_t>(grpc_status));
}

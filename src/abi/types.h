#pragma once
// The enums of the Proxy-Wasm ABI, with the values that cross the boundary (0.2.1, "Types").

#include <cstdint>
#include <string_view>

namespace weir::abi {

// The guest's number for a context. 0 is no context.
enum class ContextId : uint32_t { None = 0 };

// What a hostcall answers.
enum class Status : uint32_t {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  InternalFailure = 10,
  Unimplemented = 12,
};

std::string_view to_string(Status);

enum class MapType : uint32_t {
  RequestHeaders,
  RequestTrailers,
  ResponseHeaders,
  ResponseTrailers,
  GrpcInitialMetadata,
  GrpcTrailingMetadata,
  CallResponseHeaders,
  CallResponseTrailers,
  Last = CallResponseTrailers,
};

enum class BufferType : uint32_t {
  RequestBody,
  ResponseBody,
  DownstreamData,
  UpstreamData,
  CallResponseBody,
  GrpcMessage,
  VmConfiguration,
  PluginConfiguration,
  CallData,  // the arguments of a foreign call
  Last = CallData,
};

enum class StreamType : uint32_t { Request, Response, Downstream, Upstream, Last = Upstream };

enum class PeerType : uint32_t { Unknown, Local, Remote, Last = Remote };

enum class MetricType : uint32_t { Counter, Gauge, Histogram, Last = Histogram };

enum class EndOfStream : uint32_t { No, Yes };

// What a callback for headers answers. The specification has the first two; guests written for
// Envoy use all.
enum class HeadersAction : uint32_t {
  Continue,
  StopIteration,
  ContinueAndEndStream,
  StopAllIterationAndBuffer,
  StopAllIterationAndWatermark,
  Last = StopAllIterationAndWatermark,
};

enum class DataAction : uint32_t {
  Continue,
  StopIterationAndBuffer,
  StopIterationAndWatermark,
  StopIterationNoBuffer,
  Last = StopIterationNoBuffer,
};

enum class TrailersAction : uint32_t { Continue, StopIteration, Last = StopIteration };

enum class NetworkAction : uint32_t { Continue, StopIteration, Last = StopIteration };

enum class AbiVersion : uint8_t { V010, V020, V021 };

std::string_view to_string(AbiVersion);

}  // namespace weir::abi

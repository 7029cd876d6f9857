#pragma once
// What callbacks are told and what they answer, with the values that cross the ABI.

#include <cstdint>

enum class LogLevel : int32_t { trace, debug, info, warn, error, critical, Max = critical };

// What happens to a connection after a callback.
enum class FilterStatus : int32_t {
  Continue = 0,
  StopIteration = 1,  // it waits for continueDownstream() or continueUpstream()
};

// What happens to a request or response after its headers.
enum class FilterHeadersStatus : int32_t {
  Continue = 0,
  StopIteration = 1,         // it waits for continueRequest() or continueResponse()
  ContinueAndEndStream = 2,  // the headers go on alone, the body is dropped
  StopAllIterationAndBuffer = 3,
  StopAllIterationAndWatermark = 4,
};

// What happens to a request or response after a part of its body.
enum class FilterDataStatus : int32_t {
  Continue = 0,
  StopIterationAndBuffer = 1,  // the host keeps the body, and gives more of it with the next part
  StopIterationAndWatermark = 2,
  StopIterationNoBuffer = 3,  // the plugin keeps what it wants of it
};

enum class FilterTrailersStatus : int32_t { Continue = 0, StopIteration = 1 };
enum class FilterMetadataStatus : int32_t { Continue = 0 };

enum class GrpcStatus : int32_t {
  Ok = 0,
  Canceled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
  MaximumValid = Unauthenticated,
  InvalidCode = -1,  // no gRPC status at all
};

enum class MetricType : int32_t { Counter = 0, Gauge = 1, Histogram = 2, Max = 2 };

// Who ended a connection.
enum class CloseType : int32_t {
  Unknown = 0,
  Local = 1,   // the proxy
  Remote = 2,  // the peer
};

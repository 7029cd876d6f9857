#pragma once
// What hostcalls answer and what they are about, with the values that cross the ABI.

#include <cstdint>
#include <string>

// The answer of a hostcall.
enum class WasmResult : uint32_t {
  Ok = 0,
  NotFound = 1,  // no such key, header, property, queue
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  BadExpression = 5,
  InvalidMemoryAccess = 6,
  Empty = 7,        // of a queue
  CasMismatch = 8,  // shared data has changed meanwhile
  ResultMismatch = 9,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12,
};

std::string toString(WasmResult result);

enum class WasmHeaderMapType : int32_t {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  GrpcReceiveInitialMetadata = 4,
  GrpcReceiveTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7,
  MAX = 7,
};

enum class WasmBufferType : int32_t {
  HttpRequestBody = 0,
  HttpResponseBody = 1,
  NetworkDownstreamData = 2,
  NetworkUpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcReceiveBuffer = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  CallData = 8,  // the arguments of a foreign function
  MAX = 8,
};

enum class WasmBufferFlags : int32_t {
  EndOfStream = 1,
};

enum class WasmStreamType : int32_t {
  Request = 0,
  Response = 1,
  Downstream = 2,
  Upstream = 3,
  MAX = 3,
};

#pragma once
// HTTP streams to upstreams, as a plane offers them to plugins' HTTP and gRPC calls. Unary calls,
// gRPC framing and time-outs of calls are made above, once for all planes.

#include <memory>
#include <string_view>

#include "abi/header_map.h"
#include "abi/types.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace weir::runtime {

// Receives what happens on an UpstreamStream, on the worker's thread, never before open() returned
// nor from inside the stream's own functions.
// After the end of the stream (EndOfStream::Yes, trailers, or failure) nothing more is called. Any
// of these may destroy the UpstreamStream, which is then not touched again.
class UpstreamObserver {
 public:
  // `headers` has `:status`. Informational (1xx) headers are not reported.
  virtual void on_headers(abi::HeaderList headers, abi::EndOfStream) = 0;
  virtual void on_data(Bytes data, abi::EndOfStream) = 0;
  // Ends the stream.
  virtual void on_trailers(abi::HeaderList trailers) = 0;
  // Ends the stream: it could not be connected, was reset or broken. `reason` is one line.
  virtual void on_failure(std::string_view reason) = 0;
  // The same, where it could not be started, and the plane has found out after open() only.
  virtual void on_refusal(std::string_view /*upstream*/, std::string_view reason) {
    on_failure(reason);
  }

  // From open() on, the stream is destroyed at the latest after this time, without its end; zero:
  // there is no such time. For planes that cannot end a stream once it has begun.
  virtual Milliseconds patience() const { return Milliseconds(0); }

 protected:
  ~UpstreamObserver() = default;
};

// One request to an upstream. Destroying it before its end resets it. Thread: its worker's.
class UpstreamStream {
 public:
  virtual ~UpstreamStream() = default;

  // Buffers without bound what the upstream does not take yet; nothing is sent after the end.
  virtual void send_data(Bytes data, abi::EndOfStream) = 0;

  // Ends the request.
  virtual void send_trailers(const abi::HeaderList& trailers) = 0;

  // Of what send_data() was given, the bytes that the upstream has not taken yet.
  virtual size_t unsent_bytes() const = 0;
};

enum class Protocol : uint8_t {
  Any,    // as the upstream is configured
  Http2,  // gRPC needs it
};

// What could not be started. Guests are told the difference (ABI, proxy_http_call).
enum class OpenError : uint8_t { UnknownUpstream, BadHeaders, Failed };

// For logs.
constexpr std::string_view refusal_of(OpenError error) {
  switch (error) {
    case OpenError::UnknownUpstream:
      return "there is no such upstream";
    case OpenError::BadHeaders:
      return "the proxy sends no request with such headers";
    case OpenError::Failed:
      break;
  }
  return "the upstream cannot be reached";
}

class Upstreams {
 public:
  virtual ~Upstreams() = default;

  // Starts a request with these headers (`:method`, `:path`, `:authority` are there). `upstream` is
  // the name that the guest gave: a cluster's. Thread: the worker's.
  virtual Result<std::unique_ptr<UpstreamStream>, OpenError> open(std::string_view upstream,
                                                                  const abi::HeaderList& headers,
                                                                  abi::EndOfStream, Protocol,
                                                                  UpstreamObserver&) = 0;
};

}  // namespace weir::runtime

#pragma once
// A finished stream, as access logs see it.

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "planes/serve/exchange.h"
#include "runtime/stream.h"

namespace weir::serve {

// Moments of a stream, by a monotonic clock; zero: it did not come.
struct LogTimes {
  Nanoseconds started{};
  Nanoseconds request_ended{};     // its last byte has come
  Nanoseconds response_started{};  // the upstream's first byte has come
  Nanoseconds ended{};
};

// Plugins see it as a stream that they cannot change any more. Thread: the stream's.
class LogRecord : public runtime::HttpStream {
 public:
  virtual LogTimes times() const = 0;
  // The name of the plugin that has answered, closed or failed; empty: none has.
  virtual std::string_view plugin() const = 0;
  // As Envoy calls the moment: "DownstreamEnd", "TcpConnectionEnd".
  virtual std::string_view type() const = 0;

  // Null: it is not known.
  virtual const ConnectionInfo* client() const { return nullptr; }

  // Null: it has none, as a connection.
  virtual const abi::HeaderList* request_headers() const = 0;

  // runtime::HttpStream
  abi::Buffer* body(runtime::Direction) final { return nullptr; }
  void resume(runtime::Direction) final {}
  bool send_local_response(const runtime::LocalResponse&) final { return false; }
  void reset() final {}
  void fail(std::string_view) final {}
  void clear_route_cache() final {}
  void finished() final {}
};

}  // namespace weir::serve

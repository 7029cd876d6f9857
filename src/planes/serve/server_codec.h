#pragma once
// What the codecs that face clients have in common.

#include <cstdint>
#include <memory>

#include "planes/serve/codec.h"
#include "planes/serve/exchange.h"
#include "planes/serve/listener.h"

namespace weir::serve {

// What a server codec is made with; everything outlives it.
struct ServerCodecContext {
  Carrier& carrier;
  ExchangeFactory& factory;
  const ConnectionInfo& connection;
  const ListenerOptions& options;
  ListenerStats& stats;
};

inline ConnectionTimeouts timeouts_of(const ListenerOptions& options) {
  return {.idle = options.idle_timeout,
          .stream = options.stream_timeout,
          .head = options.header_timeout};
}

std::unique_ptr<Codec> make_http1_server(const ServerCodecContext& context);
std::unique_ptr<Codec> make_http2_server(const ServerCodecContext& context);

// The codec that a connection's first bytes call for; null while they do not tell.
std::unique_ptr<Codec> make_server_codec(const ServerCodecContext& context, Bytes first);

}  // namespace weir::serve

#pragma once
// How HTTP/2 is spoken with one side: Envoy's Http2ProtocolOptions, checked.

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace weir::config {

// The bounds are for one connection. What is not said otherwise is Envoy's default.
struct Http2Options {
  uint32_t hpack_table_bytes = 4096;  // of the dynamic table, either way

  uint32_t max_concurrent_streams = 1024;  // that the peer may open

  // Of bodies on their way here; smaller than Envoy's (16 and 24 MiB), since a peer may have us
  // hold as much.
  uint32_t stream_window_bytes = 1024 * 1024;
  uint32_t connection_window_bytes = 16 * 1024 * 1024;

  bool allow_connect = false;  // of clusters: they are asked for upgrades and tunnels
  bool allow_metadata = false;
  uint64_t max_metadata_bytes = 1024 * 1024;  // of one message

  // Frames that wait because the peer does not read, and those among them that answer its own.
  uint32_t max_outbound_frames = 10'000;
  uint32_t max_outbound_control_frames = 1'000;

  // HEADERS, CONTINUATION and DATA that carry nothing and end nothing, one after the other.
  uint32_t max_consecutive_empty_frames = 1;
  uint32_t max_priority_frames_per_stream = 100;
  uint32_t max_window_updates_per_data_frame = 10;

  // Streams that the peer may reset at once, and from then on in a second.
  uint64_t stream_reset_burst = 1'000;
  uint64_t stream_reset_rate = 33;

  // What is wrong with one message ends its stream (RFC 9113, section 8.1.1); else the connection,
  // which is Envoy's default.
  bool stream_error_on_invalid_message = true;

  // A PING is sent each interval; zero: never. Without any frame in answer for `timeout` the
  // connection is closed.
  Milliseconds keepalive_interval{};
  Milliseconds keepalive_timeout{};
  double keepalive_jitter = 15;  // percent of the interval, at most, that are added to it

  friend bool operator==(const Http2Options&, const Http2Options&) = default;
};

// What connections are allowed whatever is spoken on them: Envoy's HttpProtocolOptions. Zero: any.
struct ConnectionLimits {
  uint32_t max_requests = 0;
  Milliseconds max_duration{};
  Milliseconds max_stream_duration{};
  std::optional<Milliseconds> idle_timeout;  // without a request; zero: never
  std::optional<uint32_t> max_headers;       // of a message, and of its trailers

  friend bool operator==(const ConnectionLimits&, const ConnectionLimits&) = default;
};

}  // namespace weir::config

#pragma once
// Tells when a peer sends more on an HTTP/2 connection than anybody who means well.

#include <cstddef>
#include <cstdint>

#include "config/http2_options.h"
#include "planes/serve/http2_stats.h"

namespace weir::serve {

// The rules and their numbers are Envoy's, which counts over the whole life of a connection. What
// nghttp2 bounds by itself is not here: frames of CONTINUATION, entries of SETTINGS, and resets by
// their rate. Thread: the connection's.
class Http2FloodGuard {
 public:
  // `stats` outlive it.
  Http2FloodGuard(const config::Http2Options& options, Http2Stats& stats)
      : options_(options), stats_(stats) {}

  // What happened; false: it was too much, which is counted.
  [[nodiscard]] bool received_frame(uint8_t type, uint8_t flags, size_t payload_bytes);
  // Of HEADERS and DATA, when it is known what in them is padding. (METADATA has none.)
  [[nodiscard]] bool received_padding(size_t payload_bytes, size_t padding_bytes, bool ends_stream);
  [[nodiscard]] bool received_field(size_t bytes, size_t max_header_bytes);
  // `early`: broken off before it was answered, and soon after it began.
  [[nodiscard]] bool closed_request(bool early);
  // What waits to be sent; `control` are those frames that belong to no message.
  [[nodiscard]] bool waiting(size_t frames, size_t control);

  void began_header_block() { block_bytes_ = 0; }
  void opened_stream() { ++opened_streams_; }
  void sent_data() { ++sent_data_frames_; }

 private:
  const config::Http2Options& options_;
  Http2Stats& stats_;
  uint32_t empty_frames_ = 0;  // without another frame between them
  uint64_t priority_frames_ = 0;
  uint64_t window_updates_ = 0;
  uint64_t opened_streams_ = 0;
  uint64_t sent_data_frames_ = 0;
  uint64_t closed_requests_ = 0;
  uint64_t early_resets_ = 0;
  size_t block_bytes_ = 0;
};

}  // namespace weir::serve

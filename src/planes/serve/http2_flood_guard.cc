#include "planes/serve/http2_flood_guard.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "planes/serve/http2_metadata.h"

namespace weir::serve {
namespace {

// Half of so many requests may be reset early, and half of all that come after them.
constexpr uint64_t kJudgedRequests = 500;

// A header block of so many times what is allowed is not worth being decompressed to its end.
constexpr size_t kHopelessFactor = 4;

// Sent in the place of PRIORITY (RFC 9218, section 7.1), and of as little use.
constexpr uint8_t kPriorityUpdate = 0x10;

bool within(bool holds, Counter& otherwise) {
  if (!holds) otherwise.add();
  return holds;
}

}  // namespace

bool Http2FloodGuard::received_frame(uint8_t type, uint8_t flags, size_t payload_bytes) {
  switch (type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if ((flags & NGHTTP2_FLAG_PADDED) != 0) return true;  // received_padding() follows
      [[fallthrough]];
    case NGHTTP2_CONTINUATION: {
      const bool ends = type != NGHTTP2_CONTINUATION && (flags & NGHTTP2_FLAG_END_STREAM) != 0;
      return received_padding(payload_bytes, 0, ends);
    }
    case http2_metadata::kFrameType:
      return received_padding(payload_bytes, 0, (flags & http2_metadata::kEndFlag) != 0);
    case NGHTTP2_PRIORITY:
    case kPriorityUpdate:
      ++priority_frames_;
      return within(priority_frames_ <=
                        uint64_t{options_.max_priority_frames_per_stream} * (1 + opened_streams_),
                    stats_.priority_frames_flood);
    case NGHTTP2_WINDOW_UPDATE:
      ++window_updates_;
      return within(
          window_updates_ <=
              5 + 2 * (opened_streams_ +
                       uint64_t{options_.max_window_updates_per_data_frame} * sent_data_frames_),
          stats_.window_updates_flood);
    default:
      return true;
  }
}

bool Http2FloodGuard::received_padding(size_t payload_bytes, size_t padding_bytes,
                                       bool ends_stream) {
  empty_frames_ = payload_bytes > padding_bytes || ends_stream ? 0 : empty_frames_ + 1;
  return within(empty_frames_ <= options_.max_consecutive_empty_frames, stats_.empty_frames_flood);
}

bool Http2FloodGuard::received_field(size_t bytes, size_t max_header_bytes) {
  block_bytes_ += bytes;
  return within(block_bytes_ <= kHopelessFactor * max_header_bytes, stats_.header_overflow);
}

// Before so many requests have come, as soon as none that could follow would mend it.
bool Http2FloodGuard::closed_request(bool early) {
  ++closed_requests_;
  if (!early) return true;
  ++early_resets_;
  return within(2 * early_resets_ < std::max(kJudgedRequests, closed_requests_),
                stats_.too_many_resets);
}

bool Http2FloodGuard::waiting(size_t frames, size_t control) {
  return within(frames <= options_.max_outbound_frames, stats_.outbound_flood) &&
         within(control <= options_.max_outbound_control_frames, stats_.outbound_control_flood);
}

}  // namespace weir::serve

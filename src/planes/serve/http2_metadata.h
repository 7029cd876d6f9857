#pragma once
// METADATA, a frame of HTTP/2 that Envoy has added (draft-beky-httpbis-metadata): names and values
// beside a message, in a header block that shares nothing with others.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "planes/serve/message.h"

namespace weir::serve {

namespace http2_metadata {
inline constexpr uint8_t kFrameType = 0x4d;
inline constexpr uint8_t kEndFlag = 0x4;
inline constexpr uint16_t kEnableSetting = 0x4d44;
inline constexpr size_t kMaxPayload = 16'384;  // of one frame, that every peer takes
}  // namespace http2_metadata

// Of one stream: puts frames together. Thread: the connection's.
class Http2MetadataReader {
 public:
  struct Limits {
    uint64_t max_bytes;  // of the stream's blocks together, compressed or not
    size_t max_count;    // of the fields of one block
  };

  explicit Http2MetadataReader(Limits limits) : limits_(limits) {}

  // False: it is more than the limits allow.
  [[nodiscard]] bool take(std::string_view payload);

  enum class Outcome : uint8_t { Read, TooLarge, Malformed };
  // The block is complete: moves what it says there.
  Outcome finish(HeaderList& into);

 private:
  const Limits limits_;
  std::string block_;
  uint64_t used_ = 0;  // by the blocks before
};

// What is to be sent on a connection, from when it is given to nghttp2 until it is on its way.
// Thread: the connection's.
class Http2MetadataQueue {
 public:
  struct Frame {
    int32_t stream_id;
    uint8_t flags;
    std::string payload;
  };

  size_t bytes() const { return bytes_; }

  // A frame that stays where it is until drop().
  Frame& add(int32_t stream_id, uint8_t flags, std::string payload);
  void drop(const Frame& frame);

 private:
  std::deque<std::unique_ptr<Frame>> frames_;
  size_t bytes_ = 0;
};

// The header block for it, by literals that no table keeps.
std::string encode_metadata(const HeaderList& metadata);

}  // namespace weir::serve

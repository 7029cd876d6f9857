#pragma once
// For tests: the other end of an HTTP/2 connection, frame by frame, so that it can also do what a
// well-behaved peer does not.

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "planes/serve/loopback.h"

namespace weir::serve::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Frame {
  int type = -1;  // -1: the connection has ended
  uint8_t flags = 0;
  int32_t id = 0;
  std::string payload;
  Fields fields;  // of HEADERS

  bool ends_stream() const { return (flags & NGHTTP2_FLAG_END_STREAM) != 0; }
  // The error code of RST_STREAM.
  uint32_t error() const { return number(0); }
  // The last stream of GOAWAY.
  uint32_t last_stream() const { return number(0); }

  uint32_t number(size_t at) const {
    if (payload.size() < at + 4) return 0xbad;
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(payload[at + i]);
    return value;
  }
};

inline std::string big_endian(uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string frame(int type, int flags, int32_t id, std::string_view payload = "") {
  return big_endian(static_cast<uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + big_endian(static_cast<uint32_t>(id), 4) + std::string(payload);
}

// A header block without compression.
inline std::string block(const Fields& fields) {
  const auto text = [](std::string_view value) {
    std::string coded;
    // RFC 7541, section 5.1: a length of seven bits and more.
    if (value.size() < 127) {
      coded += static_cast<char>(value.size());
    } else {
      coded += static_cast<char>(127);
      size_t rest = value.size() - 127;
      for (; rest >= 128; rest /= 128) coded += static_cast<char>(rest % 128 + 128);
      coded += static_cast<char>(rest);
    }
    return coded.append(value);
  };
  std::string coded;
  for (const auto& [name, value] : fields) coded += '\0' + text(name) + text(value);
  return coded;
}

class Http2Peer {
 public:
  // A client that has sent its preface.
  static Http2Peer connect(uint16_t port, std::string_view settings = "") {
    Http2Peer peer(Peer::connect(port));
    peer.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(NGHTTP2_SETTINGS, 0, 0, settings));
    return peer;
  }

  // A server that has taken the client's preface.
  static Http2Peer accept(Upstream& upstream, std::string_view settings = "") {
    Http2Peer peer(upstream.accept());
    EXPECT_EQ(peer.peer_.read(24), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    peer.send(frame(NGHTTP2_SETTINGS, 0, 0, settings));
    return peer;
  }

  bool send(std::string_view bytes) { return peer_.send(bytes); }

  void headers(int32_t id, const Fields& fields, bool end) {
    const std::string coded = block(fields);
    constexpr size_t kMost = 16'384;
    int flags = end ? NGHTTP2_FLAG_END_STREAM : 0;
    if (coded.size() <= kMost) flags |= NGHTTP2_FLAG_END_HEADERS;
    send(frame(NGHTTP2_HEADERS, flags, id, coded.substr(0, kMost)));
    for (size_t at = kMost; at < coded.size(); at += kMost) {
      const bool last = at + kMost >= coded.size();
      send(frame(NGHTTP2_CONTINUATION, last ? NGHTTP2_FLAG_END_HEADERS : 0, id,
                 coded.substr(at, kMost)));
    }
  }
  void get(int32_t id, const std::string& path = "/") {
    headers(id, {{":method", "GET"}, {":path", path}, {":scheme", "http"}, {":authority", "a"}},
            true);
  }
  void post(int32_t id, Fields more = {}) {
    Fields fields{{":method", "POST"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    headers(id, fields, false);
  }
  void data(int32_t id, std::string_view bytes, bool end) {
    send(frame(NGHTTP2_DATA, end ? NGHTTP2_FLAG_END_STREAM : 0, id, bytes));
  }
  void reset(int32_t id, uint32_t error) {
    send(frame(NGHTTP2_RST_STREAM, 0, id, big_endian(error, 4)));
  }
  void open_window(int32_t id, uint32_t by) {
    send(frame(NGHTTP2_WINDOW_UPDATE, 0, id, big_endian(by, 4)));
  }
  void go_away(uint32_t last_stream) {
    send(frame(NGHTTP2_GOAWAY, 0, 0, big_endian(last_stream, 4) + big_endian(0, 4)));
  }

  // The next frame of any kind; settings and pings are answered.
  Frame read_any() {
    const std::string head = peer_.read(9);
    if (head.size() < 9) return {};
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(head[i]); };
    Frame frame;
    frame.type = byte(3);
    frame.flags = byte(4);
    frame.id = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
    frame.payload = peer_.read(static_cast<size_t>(byte(0) << 16 | byte(1) << 8 | byte(2)));
    const bool is_ack = (frame.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame.type == NGHTTP2_SETTINGS && !is_ack) {
      send(test::frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0));
    }
    if (frame.type == NGHTTP2_PING && !is_ack) {
      send(test::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, frame.payload));
    }
    if (frame.type == NGHTTP2_HEADERS) frame.fields = decode(frame.payload);
    return frame;
  }

  // The next frame that belongs to a stream's message, or ends it or the connection.
  Frame read() {
    for (;;) {
      Frame frame = read_any();
      const bool chatter = frame.type == NGHTTP2_SETTINGS || frame.type == NGHTTP2_PING ||
                           frame.type == NGHTTP2_WINDOW_UPDATE;
      if (!chatter) return frame;
    }
  }

  // Waits for a frame of that kind.
  Frame read(int type) {
    for (;;) {
      Frame frame = read_any();
      if (frame.type == type || frame.type == -1) return frame;
    }
  }

  // The data of one stream up to its end; other frames are dropped.
  std::string read_body(int32_t id) {
    std::string body;
    for (;;) {
      const Frame frame = read();
      if (frame.type == -1) return body;
      if (frame.id != id) continue;
      if (frame.type == NGHTTP2_DATA) body += frame.payload;
      if (frame.type == NGHTTP2_RST_STREAM || frame.ends_stream()) return body;
    }
  }

  Peer& socket() { return peer_; }

 private:
  explicit Http2Peer(Peer peer) : peer_(std::move(peer)) {
    nghttp2_hd_inflater* inflater = nullptr;
    EXPECT_EQ(nghttp2_hd_inflate_new(&inflater), 0);
    inflater_.reset(inflater);
  }

  Fields decode(std::string_view coded) {
    Fields fields;
    const auto* in = reinterpret_cast<const uint8_t*>(coded.data());
    size_t left = coded.size();
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t n = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, in, left, 1);
      EXPECT_GE(n, 0);
      if (n < 0) return fields;
      in += n;
      left -= static_cast<size_t>(n);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.emplace_back(
            std::string(reinterpret_cast<const char*>(field.name), field.namelen),
            std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    return fields;
  }

  struct Deleter {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };

  Peer peer_;
  std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_;
};

inline std::string setting(uint16_t id, uint32_t value) {
  return big_endian(id, 2) + big_endian(value, 4);
}

}  // namespace weir::serve::test

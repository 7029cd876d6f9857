#pragma once
// What the fuzz targets of both HTTP versions share: bytes into a server codec, whose exchanges
// echo, or into a client codec that has requests under way.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "planes/serve/codec_fakes.h"
#include "planes/serve/server_codec.h"
#include "planes/serve/upstream_codec.h"

namespace weir::serve::test {

// Holds events against what UpstreamEvents promises.
class CheckedEvents final : public UpstreamEvents {
 public:
  void on_headers(HeaderList headers, EndOfStream end) override {
    WEIR_CHECK(state_ == State::Head && headers.find(":status"));
    state_ = State::Body;
    finish(end);
  }
  void on_interim_headers(HeaderList) override { WEIR_CHECK(state_ == State::Head); }
  void on_data(Body, EndOfStream end) override {
    WEIR_CHECK(state_ == State::Body);
    finish(end);
  }
  void on_trailers(HeaderList trailers) override {
    WEIR_CHECK(state_ == State::Body && !trailers.empty());
    finish(EndOfStream::Yes);
  }
  void on_metadata(HeaderList metadata) override {
    WEIR_CHECK(state_ != State::Ended && !metadata.empty());
  }
  void on_broken(Break, std::string_view) override {
    WEIR_CHECK(stream != nullptr);
    stream = nullptr;
  }
  void on_backlog(bool) override {}

  void release() {
    if (stream != nullptr) std::exchange(stream, nullptr)->release();
  }

  UpstreamStream* stream = nullptr;

 private:
  enum class State : uint8_t { Head, Body, Ended };

  void finish(EndOfStream end) {
    if (end == EndOfStream::No) return;
    state_ = State::Ended;
    release();
  }

  State state_ = State::Head;
};

inline void feed_server(std::unique_ptr<Codec> (*make)(const ServerCodecContext&),
                        std::string_view bytes, size_t piece) {
  ListenerOptions options{.max_header_bytes = 4096,
                          .http2 = {.allow_metadata = true, .max_metadata_bytes = 4096},
                          .upgrades = {"websocket", "connect"}};
  ListenerStats stats;
  EchoFactory factory;
  ConnectionInfo connection;
  MemoryCarrier carrier;
  const auto codec = make({.carrier = carrier,
                           .factory = factory,
                           .connection = connection,
                           .options = options,
                           .stats = stats});
  carrier.exchange(*codec, bytes, piece);
  CoarseTime now = CoarseTime{} + std::chrono::hours(1);
  codec->sweep(now);
  codec->sweep(now += std::chrono::hours(1));
  codec->disconnected(Disconnect::EndOfInput, "the input ends");
  WEIR_CHECK(codec->active() == 0);
  WEIR_CHECK(stats.active_requests.value() == 0);
}

inline void feed_client(std::unique_ptr<UpstreamCodec> (*make)(const UpstreamCodecContext&),
                        std::string_view bytes, size_t piece, std::string_view method,
                        bool upgrade = false) {
  const ClusterSettings settings{
      .max_header_bytes = 4096,
      .http2_options = {.allow_metadata = true, .max_metadata_bytes = 4096}};
  ClusterStats stats;
  MemoryCarrier carrier;
  const auto codec = make({.carrier = carrier, .settings = settings, .stats = stats});
  constexpr size_t kRequests = 3;
  CheckedEvents events[kRequests];
  for (CheckedEvents& one : events) {
    if (codec->capacity() == 0) break;
    one.stream = &codec->open(one);
    HeaderList headers{
        {":method", method}, {":path", "/"}, {":scheme", "http"}, {":authority", "a"}};
    if (upgrade) {
      const bool added =
          headers.add("connection", "upgrade") && headers.add("upgrade", "websocket");
      WEIR_CHECK(added);
    }
    one.stream->headers(headers, upgrade ? EndOfStream::No : EndOfStream::Yes);
  }
  for (CheckedEvents& one : events) {
    if (one.stream != nullptr) one.stream->metadata({{"fuzzed", "1"}});
  }
  carrier.exchange(*codec, bytes, piece);
  CoarseTime now = CoarseTime{} + std::chrono::hours(1);
  codec->sweep(now);
  codec->sweep(now += std::chrono::hours(1));
  codec->disconnected(Disconnect::EndOfInput, "the input ends");
  for (CheckedEvents& one : events) one.release();
  WEIR_CHECK(codec->active() == 0 || codec->ending() != Ending::Open);
}

// The first byte says how the rest is fed.
struct FuzzInput {
  FuzzInput(const uint8_t* data, size_t size) {
    if (size == 0) return;
    server = (data[0] & 0x80) == 0;
    head = (data[0] & 0x40) != 0;
    upgrade = (data[0] & 0x20) != 0;
    piece = size_t{1} << (data[0] & 0x0f);
    bytes = as_text(std::as_bytes(std::span(data + 1, size - 1)));
  }

  bool server = true;
  bool head = false;
  bool upgrade = false;
  size_t piece = 1;
  std::string_view bytes;
};

}  // namespace weir::serve::test

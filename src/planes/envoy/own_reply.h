#pragma once
// An answer that a plugin makes itself, on its way to Envoy.

#include <string>

#include "abi/buffer.h"
#include "abi/header_map.h"
#include "planes/envoy/http_callbacks.h"

namespace weir::envoy_plane {

// Bytes that are ours.
class OwnBuffer final : public abi::Buffer {
 public:
  // More than this it does not become.
  static constexpr uint64_t kMaxBytes = 16 << 20;

  explicit OwnBuffer(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string_view bytes() const { return bytes_; }

  uint64_t size() const override { return bytes_.size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override {
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + start, to.size());
  }
  bool replace(uint64_t start, uint64_t size, Bytes with) override {
    if (bytes_.size() - size + with.size() > kMaxBytes) return false;
    bytes_.replace(start, size, as_text(with));
    return true;
  }

 private:
  std::string bytes_;
};

// What the plugin asked for, with the headers that Envoy will give it. Envoy does not show a filter
// the answer that it makes through its ABI, as it does show its Wasm filter's: so the plugin is
// shown this one, and may change it. Thread: the stream's.
class OwnReply {
 public:
  struct Request {
    uint32_t status;
    const abi::HeaderList& headers;
    std::string body;
    std::string details;
    int32_t grpc_status;  // -1: none
  };
  // `is_grpc`: the request is, and so the answer.
  OwnReply(Request request, bool is_grpc);

  abi::HeaderList& headers() { return headers_; }
  // Null: there is none to see.
  OwnBuffer* body() { return is_grpc_ || body_.size() == 0 ? nullptr : &body_; }

  // Envoy answers with it. The filter may be gone afterwards.
  void send(EnvoyHttpFilter* filter) const;

 private:
  bool is_grpc_;
  uint32_t status_;
  abi::HeaderList headers_;
  OwnBuffer body_;
  std::string details_;
};

}  // namespace weir::envoy_plane

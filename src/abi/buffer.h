#pragma once
// Bytes that a guest may read and change: a body, a connection's data, a message.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace weir::abi {

// A plane implements it over its own buffers, so that a byte is copied once: into the guest or out
// of it. Thread: the stream's.
class Buffer {
 public:
  virtual ~Buffer() = default;

  virtual uint64_t size() const = 0;

  // Copies [start, start + to.size()) out. The range lies inside the buffer.
  virtual void copy_to(uint64_t start, std::span<std::byte> to) const = 0;

  // Puts `with` in the place of [start, start + size). The range lies inside the buffer. False: the
  // buffer cannot be changed now, or would grow beyond its limit.
  [[nodiscard]] virtual bool replace(uint64_t start, uint64_t size, Bytes with) = 0;
};

// A buffer of bytes held elsewhere that cannot be changed: a configuration, a finished message.
class ConstBuffer final : public Buffer {
 public:
  ConstBuffer() = default;
  explicit ConstBuffer(Bytes bytes) : bytes_(bytes) {}

  uint64_t size() const override { return bytes_.size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override {
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + start, to.size());
  }
  bool replace(uint64_t, uint64_t, Bytes) override { return false; }

 private:
  Bytes bytes_;
};

}  // namespace weir::abi

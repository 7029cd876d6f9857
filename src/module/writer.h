#pragma once
// Writes the binary format's primitives.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "module/instruction.h"

namespace weir::wasm {

class Writer {
 public:
  size_t size() const { return bytes_.size(); }
  Bytes bytes() const { return bytes_; }
  std::vector<std::byte> take() { return std::exchange(bytes_, {}); }
  void clear() { bytes_.clear(); }

  void byte(uint8_t value) { bytes_.push_back(std::byte{value}); }
  void append(Bytes more) { bytes_.insert(bytes_.end(), more.begin(), more.end()); }
  void u32(uint32_t value) { u64(value); }
  void u64(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void s32(int32_t value) { s64(value); }
  void s64(int64_t value) {
    // Ends where the rest repeats the sign of what is written.
    for (; value < -0x40 || value >= 0x40; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value & 0x7f));
  }
  // Preceded by its size.
  void sized(Bytes contents) {
    u32(static_cast<uint32_t>(contents.size()));
    append(contents);
  }
  void name(std::string_view text) { sized(as_bytes(text)); }

  // An instruction without prefix.
  void op(Op op) { byte(static_cast<uint8_t>(op)); }
  void op(Op with, uint32_t index) {
    op(with);
    u32(index);
  }
  void i32_const(int32_t value) {
    op(Op::I32Const);
    s32(value);
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace weir::wasm

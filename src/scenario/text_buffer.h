#pragma once
// Bytes that a plugin reads and changes.

#include <cstring>
#include <string>
#include <utility>

#include "abi/buffer.h"

namespace weir::scenario {

// Thread: the scenario's.
class TextBuffer final : public abi::Buffer {
 public:
  static constexpr size_t kMaxBytes = 64u << 20;

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  void append(std::string_view bytes) { text_ += bytes; }
  std::string take() { return std::exchange(text_, {}); }

  // abi::Buffer
  uint64_t size() const override { return text_.size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override {
    if (!to.empty()) std::memcpy(to.data(), text_.data() + start, to.size());
  }
  bool replace(uint64_t start, uint64_t size, Bytes with) override {
    if (text_.size() - size + with.size() > kMaxBytes) return false;
    text_.replace(start, size, as_text(with));
    return true;
  }

 private:
  std::string text_;
};

}  // namespace weir::scenario

#pragma once
// Protobuf's wire format, as far as the SDK's own messages need it.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir_sdk {

enum class WireType : uint32_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class WireWriter {
 public:
  explicit WireWriter(std::string* out) : out_(*out) {}

  void text(uint32_t field, std::string_view value) {
    tag(field, WireType::Bytes);
    varint(value.size());
    out_.append(value);
  }
  void number(uint32_t field, uint64_t value) {
    tag(field, WireType::Varint);
    varint(value);
  }
  void real(uint32_t field, double value) {
    tag(field, WireType::Fixed64);
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; ++i) out_.push_back(static_cast<char>(bits >> (8 * i)));
  }

 private:
  void tag(uint32_t field, WireType type) { varint(field << 3 | static_cast<uint32_t>(type)); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }

  std::string& out_;
};

// One field, of whatever type; views end with the bytes that are read.
struct WireField {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  uint64_t value = 0;  // of a number, or the bits of a real
  std::string_view bytes;

  bool is(uint32_t field, WireType wanted) const { return number == field && type == wanted; }
  double real() const {
    double read = 0;
    std::memcpy(&read, &value, sizeof read);
    return read;
  }
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // False at the end, or where the bytes are no message; failed() tells which.
  bool next(WireField* field) {
    if (rest_.empty() || failed_) return false;
    uint64_t tag = 0;
    if (!varint(&tag) || tag >> 3 == 0 || tag >> 32 != 0) return fail();
    field->number = static_cast<uint32_t>(tag >> 3);
    field->type = static_cast<WireType>(tag & 7);
    switch (field->type) {
      case WireType::Varint:
        return varint(&field->value) || fail();
      case WireType::Fixed64:
        return fixed(8, &field->value) || fail();
      case WireType::Fixed32:
        return fixed(4, &field->value) || fail();
      case WireType::Bytes:
        if (!varint(&field->value) || field->value > rest_.size()) return fail();
        field->bytes = rest_.substr(0, static_cast<size_t>(field->value));
        rest_.remove_prefix(field->bytes.size());
        return true;
    }
    return fail();
  }

  bool failed() const { return failed_; }

 private:
  bool fail() {
    failed_ = true;
    return false;
  }
  bool varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }
  bool fixed(size_t size, uint64_t* value) {
    if (rest_.size() < size) return false;
    *value = 0;
    for (size_t i = 0; i < size; ++i) {
      *value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace weir_sdk

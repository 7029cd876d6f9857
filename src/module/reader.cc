#include "module/reader.h"

#include <algorithm>

#include "base/hex.h"

namespace weir::wasm {

Error Reader::error_at(size_t offset, const std::string& what) const {
  std::string message = what;
  if (!section_.empty()) message += " in section " + quoted(section_);
  return Error{ErrorCode::BadModule, message + " at byte " + std::to_string(offset)};
}

Error Reader::ended() const { return error_at(end_, "an entry runs past the end"); }

Result<uint8_t> Reader::byte() {
  if (at_end()) return ended();
  return std::to_integer<uint8_t>(file_[at_++]);
}

Result<uint64_t> Reader::unsigned_leb(unsigned bits) {
  const size_t start = at_;
  uint64_t value = 0;
  for (unsigned shift = 0; shift < bits; shift += 7) {
    WEIR_TRY(const uint8_t next, byte());
    const uint64_t payload = next & 0x7f;
    const unsigned room = bits - shift;
    if (room < 7 && (payload >> room) != 0) {
      return error_at(start, "an integer of more than " + std::to_string(bits) + " bits");
    }
    value |= payload << shift;
    if ((next & 0x80) == 0) return value;
  }
  return error_at(start, "an integer of too many bytes");
}

Result<uint32_t> Reader::u32() {
  WEIR_TRY(const uint64_t value, unsigned_leb(32));
  return static_cast<uint32_t>(value);
}

Result<uint64_t> Reader::u64() { return unsigned_leb(64); }

Result<int64_t> Reader::s33() {
  const size_t start = at_;
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    WEIR_TRY(const uint8_t next, byte());
    value |= uint64_t{next & 0x7fu} << shift;
    if ((next & 0x80) != 0) continue;
    // The fifth byte has five bits of value; its two others repeat the sign.
    if (shift == 28 && (next & 0x70) != 0 && (next & 0x70) != 0x70) {
      return error_at(start, "an integer of more than 33 bits");
    }
    const unsigned unused = 64 - (shift + 7);
    return static_cast<int64_t>(value << unused) >> unused;
  }
  return error_at(start, "an integer of too many bytes");
}

Result<Bytes> Reader::take(size_t size) {
  if (size > remaining()) return ended();
  const Bytes bytes = file_.subspan(at_, size);
  at_ += size;
  return bytes;
}

Result<std::string_view> Reader::name() {
  const size_t start = at_;
  WEIR_TRY(const uint32_t size, u32());
  if (size > remaining()) {
    return error_at(start, "a name of " + std::to_string(size) + " bytes with " +
                               std::to_string(remaining()) + " left");
  }
  WEIR_TRY(const Bytes bytes, take(size));
  return as_text(bytes);
}

Result<uint32_t> Reader::count(size_t min_entry_bytes, uint32_t max, std::string_view what) {
  const size_t start = at_;
  WEIR_TRY(const uint32_t n, u32());
  if (n > max) {
    return error_at(start, std::to_string(n) + " " + std::string(what) +
                               ", more than the limit of " + std::to_string(max));
  }
  if (n > remaining() / min_entry_bytes) {
    return error_at(start, std::to_string(n) + " " + std::string(what) + " cannot lie in the " +
                               std::to_string(remaining()) + " bytes left");
  }
  return n;
}

Done Reader::expect_end() const {
  if (at_end()) return Unit{};
  return error(std::to_string(remaining()) + " bytes too many");
}

std::string quoted(std::string_view name) {
  constexpr size_t kLongest = 80;
  std::string text = "'";
  for (const char c : name.substr(0, kLongest)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || c == '\'' || c == '\\') {
      append_hex(text.append("\\x"), c);
    } else {
      text += c;
    }
  }
  text += name.size() > kLongest ? "...'" : "'";
  return text;
}

std::string hex(uint8_t byte) { return {'0', 'x', hex_digit(byte >> 4U), hex_digit(byte & 15U)}; }

}  // namespace weir::wasm

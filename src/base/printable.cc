#include "base/printable.h"

#include <cstdint>

#include "base/hex.h"

namespace weir {
namespace {

uint8_t byte_at(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// How many bytes the character of several takes that begins with `first`; 0 where none does.
size_t length_after(uint8_t first) {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

// Whether `second` may follow `first`: some would make a surrogate, a number beyond Unicode, or one
// that has a shorter form; and U+0080 to U+009F are control characters.
bool may_follow(uint8_t first, uint8_t second) {
  switch (first) {
    case 0xc2:
    case 0xe0:
      return second >= 0xa0;
    case 0xed:
      return second < 0xa0;
    case 0xf0:
      return second >= 0x90;
    case 0xf4:
      return second < 0x90;
    default:
      return true;
  }
}

// The bytes of the printable character at the beginning of `text`, which is not empty; 0 where
// there is none.
size_t printable_length(std::string_view text) {
  const uint8_t first = byte_at(text, 0);
  if (first < 0x80) return (first < 0x20 && first != '\t') || first == 0x7f ? 0 : 1;
  const size_t length = length_after(first);
  if (length == 0 || text.size() < length || !may_follow(first, byte_at(text, 1))) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte_at(text, i))) return 0;
  }
  return length;
}

}  // namespace

bool is_printable(std::string_view line) {
  while (!line.empty()) {
    const size_t length = printable_length(line);
    if (length == 0) return false;
    line.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  while (!line.empty()) {
    const size_t length = printable_length(line);
    if (length == 0) {
      append_hex(text.append("\\x"), line[0]);
    } else {
      text += line.substr(0, length);
    }
    line.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string_view first_bytes(std::string_view text, size_t bytes) {
  constexpr size_t kLongest = 4;
  if (text.size() <= bytes) return text;
  size_t end = bytes;
  while (end > 0 && bytes - end < kLongest && is_continuation(byte_at(text, end))) --end;
  return text.substr(0, is_continuation(byte_at(text, end)) ? bytes : end);
}

}  // namespace weir

#pragma once
// Hexadecimal digits.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

enum class HexCase : uint8_t { Lower, Upper };

// The value of a digit of either case; -1 where `c` is none.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `nibble` is below 16.
constexpr char hex_digit(unsigned nibble, HexCase letters = HexCase::Lower) {
  return (letters == HexCase::Lower ? "0123456789abcdef" : "0123456789ABCDEF")[nibble & 15];
}

// Appends the two digits of a byte.
inline void append_hex(std::string& to, char c, HexCase letters = HexCase::Lower) {
  const auto byte = static_cast<unsigned char>(c);
  to += {hex_digit(byte >> 4U, letters), hex_digit(byte & 15U, letters)};
}

}  // namespace weir

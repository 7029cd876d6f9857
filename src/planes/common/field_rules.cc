#include "planes/common/field_rules.h"

#include <algorithm>
#include <array>

namespace weir::planes {
namespace {

constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// What is_valid_value() allows.
constexpr std::array<bool, 256> kValueChars = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_valid_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return kTokenChars[static_cast<uint8_t>(c)]; });
}

bool is_valid_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return kValueChars[static_cast<uint8_t>(c)]; });
}

bool is_valid_target(std::string_view target) {
  bool bad = target.empty();
  for (char c : target) bad |= (static_cast<uint8_t>(c) <= 0x20) | (c == 0x7f);
  return !bad;
}

bool is_strict_target(std::string_view target) {
  bool beyond = false;
  for (char c : target) beyond |= static_cast<uint8_t>(c) >= 0x80;
  return !beyond && is_valid_target(target);
}

bool is_hop_by_hop(std::string_view name) {
  using abi::same_name;
  switch (name.size()) {
    case 2:
      return same_name(name, "te");
    case 7:
      return same_name(name, "upgrade");
    case 10:
      return same_name(name, "connection") || same_name(name, "keep-alive");
    case 16:
      return same_name(name, "proxy-connection");
    case 17:
      return same_name(name, "transfer-encoding");
    default:
      return false;
  }
}

bool is_forbidden_in_trailers(std::string_view name) {
  return name.starts_with(':') || is_hop_by_hop(name) || name == "content-length" ||
         name == "host" || name == "trailer" || name == "expect";
}

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18 || !std::ranges::all_of(text, is_digit)) return {};
  uint64_t length = 0;
  for (char c : text) length = length * 10 + static_cast<uint64_t>(c - '0');
  return length;
}

std::optional<uint64_t> declared_length(const abi::HeaderList& headers) {
  std::optional<uint64_t> length;
  for (size_t i = 0; i < headers.count(); ++i) {
    if (headers.name(i) != "content-length") continue;
    if (length) return {};
    length = parse_length(headers.value(i));
    if (!length) return {};
  }
  return length;
}

std::optional<int> parse_status(std::string_view text) {
  if (text.size() != 3 || !std::ranges::all_of(text, is_digit) || text[0] == '0') return {};
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

std::optional<int> status_of(const abi::HeaderList& response) {
  return parse_status(response.find(":status").value_or(""));
}

}  // namespace weir::planes

#include "config/scalars.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace weir::config {
namespace {

constexpr int64_t kMaxDurationSeconds = 315'576'000'000;  // google.protobuf.Duration

template <typename T, typename... Format>
std::optional<T> parse_all(std::string_view text, Format... format) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, format...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// False for what from_chars takes and files do not mean, as "inf" and "nan".
bool starts_like_number(std::string_view text) {
  return !text.empty() &&
         (is_digit(text[0]) || (text[0] == '.' && text.size() > 1 && is_digit(text[1])));
}

std::optional<double> parse_finite(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!starts_like_number(text)) return std::nullopt;
  auto value = parse_all<double>(text, std::chars_format::general);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

std::optional<Integer> parse_integer(std::string_view text) {
  std::string_view digits = text;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (base != 10) digits.remove_prefix(2);
  if (digits.starts_with('-')) return std::nullopt;
  if (auto magnitude = parse_all<uint64_t>(digits, base)) return Integer{negative, *magnitude};

  // 2^64, the first number that does not fit.
  constexpr double kEnd = 18'446'744'073'709'551'616.0;
  auto value = parse_finite(text);
  if (!value || std::trunc(*value) != *value || std::fabs(*value) >= kEnd) return std::nullopt;
  return Integer{negative, static_cast<uint64_t>(std::fabs(*value))};
}

std::optional<double> parse_float(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == ".inf" || text == "+.inf" || text == "Infinity") return kInfinity;
  if (text == "-.inf" || text == "-Infinity") return -kInfinity;
  if (text == ".nan" || text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (auto value = parse_finite(text)) return value;
  auto integer = parse_integer(text);  // 0x and 0o
  if (!integer) return std::nullopt;
  auto magnitude = static_cast<double>(integer->magnitude);
  return integer->negative ? -magnitude : magnitude;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<DurationValue> parse_duration(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(1);
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string fraction(point == std::string_view::npos ? "0" : text.substr(point + 1));
  if (whole.empty() || !is_digit(whole[0]) || fraction.empty() || !is_digit(fraction[0])) {
    return std::nullopt;
  }
  if (fraction.size() > 9) return std::nullopt;
  fraction.resize(9, '0');

  auto seconds = parse_all<int64_t>(whole);
  auto nanoseconds = parse_all<int32_t>(std::string_view(fraction));
  if (!seconds || !nanoseconds || *seconds > kMaxDurationSeconds) return std::nullopt;
  if (negative) return DurationValue{-*seconds, -*nanoseconds};
  return DurationValue{*seconds, *nanoseconds};
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int bit_count = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    int digit = base64_digit(c);
    if (digit < 0 || padding > 0) return std::nullopt;
    ++digits;
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffffff;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out.push_back(static_cast<char>(bits >> bit_count & 0xff));
  }
  bool whole = digits % 4 != 1 && (bits & ((1u << bit_count) - 1)) == 0;
  bool padded = padding == 0 || (padding <= 2 && (digits + padding) % 4 == 0);
  if (!whole || !padded) return std::nullopt;
  return out;
}

}  // namespace weir::config

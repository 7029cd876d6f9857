#pragma once
// Numbers, durations and bytes as configuration files spell them (the JSON mapping of proto3, and
// the core schema of YAML 1.2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

// -magnitude or magnitude.
struct Integer {
  bool negative = false;
  uint64_t magnitude = 0;
};

// Decimal, 0x or 0o; also a float without a fraction ("1e3"). Empty if `text` is no such number or
// does not fit.
std::optional<Integer> parse_integer(std::string_view text);

// Infinity and NaN as ".inf", "-.inf", ".nan" and as "Infinity", "-Infinity", "NaN".
std::optional<double> parse_float(std::string_view text);

std::optional<bool> parse_bool(std::string_view text);

struct DurationValue {
  int64_t seconds = 0;
  int32_t nanoseconds = 0;  // of the same sign
};

// "1.5s", up to ten thousand years.
std::optional<DurationValue> parse_duration(std::string_view text);

// The standard or the URL alphabet, padded or not; white space is skipped.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace weir::config

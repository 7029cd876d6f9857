#include "planes/common/authority.h"

#include <algorithm>
#include <cstdint>

#include "planes/common/field_rules.h"

namespace weir::planes {
namespace {

// What no host has: what ends or delimits it in a URI, and what URIs do not have at all.
bool is_host_char(char c) {
  constexpr std::string_view kOthers = "/?#@\\,\"<>^`{|}:[]";
  return static_cast<uint8_t>(c) > 0x20 && static_cast<uint8_t>(c) < 0x7f &&
         kOthers.find(c) == std::string_view::npos;
}

bool is_port(std::string_view text) {
  return text.empty() || (text.size() <= 5 && parse_length(text).value_or(UINT64_MAX) <= 65535);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::string_view address = text.substr(1, bracket - 1);
    const auto is_part = [](char c) { return c == ':' || is_host_char(c); };
    if (address.empty() || !std::ranges::all_of(address, is_part)) return std::nullopt;
    end = bracket + 1;
  } else if (end == 0 || !std::ranges::all_of(text.substr(0, end), is_host_char)) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(end);
  if (rest.empty()) return Authority{.host = text.substr(0, end), .port = {}};
  if (rest.front() != ':' || !is_port(rest.substr(1))) return std::nullopt;
  return Authority{.host = text.substr(0, end), .port = rest.substr(1)};
}

}  // namespace weir::planes

#pragma once
// Whom a request is for: a host, and perhaps a port (RFC 3986, sections 3.2.2 and 3.2.3).

#include <optional>
#include <string_view>

namespace weir::planes {

// Views of the text that was parsed.
struct Authority {
  std::string_view host;  // not empty; an address of IPv6 is in brackets
  std::string_view port;  // digits, up to 65535; empty: there is none
};

// Nothing where it is none, or has user information, which HTTP has no use for (RFC 9110, section
// 4.2.4).
std::optional<Authority> parse_authority(std::string_view text);

}  // namespace weir::planes

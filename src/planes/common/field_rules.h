#pragma once
// What HTTP allows in header fields (RFC 9110, section 5), and which fields concern one connection
// only. Codecs hold received fields against it, and those that plugins made.

#include <cstdint>
#include <optional>
#include <string_view>

#include "abi/header_map.h"

namespace weir::planes {

bool is_valid_name(std::string_view name);    // a token
bool is_valid_value(std::string_view value);  // no control characters, save tabs

// A request target or an authority: not empty, neither spaces nor control characters.
bool is_valid_target(std::string_view target);

// The same without bytes beyond ASCII, which URIs do not have (RFC 3986, section 2): what clients
// send. Not all who come after read those in the same way.
bool is_strict_target(std::string_view target);

// connection, keep-alive, proxy-connection, transfer-encoding, upgrade, te; in capitals or not.
bool is_hop_by_hop(std::string_view name);

// Hop-by-hop fields, pseudo-headers, and those that say how long or for whom the message is.
bool is_forbidden_in_trailers(std::string_view name);

// A decimal number of at most 18 digits.
std::optional<uint64_t> parse_length(std::string_view text);

// The content-length, if there is one and it is a number.
std::optional<uint64_t> declared_length(const abi::HeaderList& headers);

// A status of three digits, 100 to 999.
std::optional<int> parse_status(std::string_view text);

// That of a response; nothing where it has none, or what is none.
std::optional<int> status_of(const abi::HeaderList& response);

}  // namespace weir::planes

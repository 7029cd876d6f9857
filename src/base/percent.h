#pragma once
// Percent-encoding (RFC 3986, 2.1), as URIs, forms and gRPC's messages have it.

#include <optional>
#include <string>
#include <string_view>

namespace weir {

// What "%XX" at the beginning of `text` stands for; nothing where it begins otherwise.
std::optional<char> percent_byte(std::string_view text);

// Appends "%XX" for `c`.
void append_percent(std::string& to, char c);

// `text` with each "%XX" replaced; what is not well-formed stays as it is.
std::string percent_decoded(std::string_view text);

// `text` with each character escaped for which `is_plain` does not hold.
std::string percent_encoded(std::string_view text, bool (*is_plain)(char));

// RFC 3986, 2.3: what may stand for itself in every part of a URI.
bool is_unreserved(char c);

}  // namespace weir

#pragma once
// How URIs of requests are written anew before anybody looks at them: fields of Envoy's
// HttpConnectionManager, as plain values, checked.

#include <cstdint>

namespace weir::config {

struct UriRules {
  // What is done with %2F and %5C in a path.
  enum class EscapedSlashes : uint8_t { Keep, Reject, Redirect, Unescape };
  enum class StripPort : uint8_t { Never, Matching, Any };

  bool normalize_path = false;  // RFC 3986, section 6.2.2, as browsers do it
  bool merge_slashes = false;
  EscapedSlashes escaped_slashes = EscapedSlashes::Keep;
  StripPort strip_port = StripPort::Never;  // of the authority
  bool strip_trailing_dot = false;          // of the host

  bool any() const { return *this != UriRules(); }

  friend bool operator==(const UriRules&, const UriRules&) = default;
};

}  // namespace weir::config

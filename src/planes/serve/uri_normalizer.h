#pragma once
// Writes the URI of a request anew, so that all who come after understand the same by it.

#include <optional>
#include <string>
#include <string_view>

#include "config/uri_rules.h"
#include "planes/serve/message.h"

namespace weir::serve {

// What becomes of the request then.
enum class UriVerdict : uint8_t {
  Forward,
  Redirect,  // the client is to ask for the path that the request has now
  Reject,
};

// The order is Envoy's: escaped slashes, the path, slashes; the host's dot, its port. `port` is the
// one that the client has connected to. The query stays as it is, and so does the authority of a
// CONNECT, whose port is what is asked for.
UriVerdict normalize_uri(const config::UriRules& rules, uint16_t port, HeaderList& request);

// A path without query as browsers write it: "\" is "/"; "." and ".." are resolved, escaped or not,
// also with parameters ("..;x"), which some servers leave out; escapes of unreserved characters are
// undone, and characters that URIs do not have are escaped. Nothing where it has a NUL.
std::optional<std::string> normalize_path(std::string_view path);

}  // namespace weir::serve

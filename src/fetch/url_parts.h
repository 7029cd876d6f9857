#pragma once
// What a URL says to an HTTP client.

#include <optional>
#include <string>

#include "fetch/pull_secret.h"

namespace weir::fetch {

struct UrlParts {
  bool secure = false;                     // https
  std::string authority;                   // the host, and the port where it is written
  std::string target;                      // the path, "/" at least, and the query
  std::optional<Credentials> credentials;  // decoded
};

// Empty where it is none with a host.
std::optional<UrlParts> parse_url(const std::string& url);

// Where `reference`, of a redirect, leads from there; empty where nowhere.
std::string resolve_url(const std::string& url, const std::string& reference);

}  // namespace weir::fetch

#include "planes/serve/redirect.h"

namespace weir::serve {
namespace {

// ":8080" at the end of an authority; empty where there is none.
std::string_view port_suffix(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const bool in_brackets =
      colon != std::string_view::npos && authority.find(']', colon) != std::string_view::npos;
  if (colon == std::string_view::npos || in_brackets) return {};
  return authority.substr(colon);
}

std::string_view request_host(std::string_view authority, std::string_view old_scheme,
                              std::string_view new_scheme, bool new_port) {
  const std::string_view port = port_suffix(authority);
  const bool is_default =
      (old_scheme == "https" && port == ":443") || (old_scheme == "http" && port == ":80");
  const bool drop = new_port || (new_scheme != old_scheme && is_default);
  return drop ? authority.substr(0, authority.size() - port.size()) : authority;
}

}  // namespace

std::string redirect_location(const config::Redirect& redirect, const PathRewriter& rewriter,
                              const RequestMatcher& matcher, const abi::HeaderList& request) {
  const std::string_view old_scheme = request.find(":scheme").value_or("http");
  const std::string_view scheme =
      redirect.scheme.empty() ? old_scheme : std::string_view(redirect.scheme);
  const RequestPath path(request.find(":path").value_or("/"));

  std::string location = std::string(scheme) + "://";
  location += redirect.host.empty() ? request_host(request.find(":authority").value_or(""),
                                                   old_scheme, scheme, redirect.port != 0)
                                    : std::string_view(redirect.host);
  if (redirect.port != 0) location += ":" + std::to_string(redirect.port);
  if (!redirect.path.empty()) {
    location += redirect.path;
    // A query of its own takes the place of the request's.
    if (redirect.path.find('?') != std::string::npos) return location;
  } else {
    location += rewriter.rewrite(path.path, matcher.matched_size(path.path));
  }
  if (!redirect.strip_query) location += path.query;
  return location;
}

}  // namespace weir::serve

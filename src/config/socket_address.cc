#include "config/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/source_map.h"

namespace weir::config {
namespace {

// A host, and the port's text if there is a colon before it.
struct Authority {
  std::string host;
  std::optional<std::string_view> port;
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_ipv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// Empty if `text` is not of this form.
std::optional<Authority> split(std::string_view text) {
  Authority out;
  std::string_view rest;
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (!is_ipv6(out.host)) return std::nullopt;
  } else {
    size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? "" : text.substr(colon);
    if (out.host.empty() || !std::ranges::all_of(out.host, is_name_character)) return std::nullopt;
  }
  if (rest.empty()) return out;
  if (!rest.starts_with(':')) return std::nullopt;
  out.port = rest.substr(1);
  return out;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

Error bad_config(std::string message) { return {ErrorCode::BadConfig, std::move(message)}; }

}  // namespace

bool is_ip_address(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || is_ipv6(host);
}

std::string to_string(const SocketAddress& address) {
  bool brackets = address.host.find(':') != std::string::npos;
  std::string host = brackets ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  auto authority = split(text);
  if (!authority || !authority->port) {
    return bad_config("expected host:port, as 127.0.0.1:8080 or [::1]:8080");
  }
  auto port = parse_port(*authority->port);
  if (!port) return bad_config(quote(*authority->port) + " is not a port");
  return SocketAddress{authority->host, *port};
}

Result<UpstreamUrl> parse_upstream_url(std::string_view url) {
  UpstreamUrl out;
  size_t scheme_end = url.find("://");
  std::string_view scheme = url.substr(0, scheme_end);
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "h2c")) {
    return bad_config("expected http://host:port, or h2c://host:port for HTTP/2");
  }
  out.http2 = scheme == "h2c";
  std::string_view rest = url.substr(scheme_end + 3);
  size_t path = rest.find_first_of("/?#");
  if (path != std::string_view::npos && rest.substr(path) != "/") {
    return bad_config(quote(rest.substr(path)) + " has to go: requests keep their own path");
  }
  rest = rest.substr(0, path);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    return bad_config("the user's name before '@' has to go: Weir sends no credentials");
  }
  auto authority = split(rest);
  if (!authority) {
    return bad_config("expected a name, an IPv4 address or an IPv6 address in brackets after '" +
                      std::string(scheme) + "://'");
  }
  auto port = authority->port ? parse_port(*authority->port) : uint16_t{80};
  if (!port || *port == 0) return bad_config(quote(*authority->port) + " is not a port");
  out.address = {authority->host, *port};
  return out;
}

}  // namespace weir::config

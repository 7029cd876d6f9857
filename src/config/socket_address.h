#pragma once
// Addresses and upstream URLs as people write them.

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/bootstrap.h"

namespace weir::config {

// Of either version, without brackets.
bool is_ip_address(const std::string& host);

// "127.0.0.1:80", "[::1]:80", "example.com:80".
Result<SocketAddress> parse_socket_address(std::string_view text);

// Where requests are sent.
struct UpstreamUrl {
  SocketAddress address;
  bool http2 = false;
};

// http://host[:port] for HTTP/1.1, h2c://host[:port] for HTTP/2 with prior knowledge; port 80 if
// absent. A path is refused, save "/": requests keep their own.
Result<UpstreamUrl> parse_upstream_url(std::string_view url);

}  // namespace weir::config

#pragma once
// The files that name ports of connections with plugins on them: `tcp:` in the place of a plugin.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/bootstrap.h"
#include "config/tls.h"
#include "planes/ats/files/address_range.h"

namespace weir::ats_plane {

// One port, and where its connections go.
struct TcpPort {
  config::SocketAddress listen;  // an IP address
  // Absent: the server's own HTTP.
  std::optional<config::SocketAddress> upstream;
  // Whose connections are taken. Empty: everybody's.
  std::vector<AddressRange> allowed_clients;
  // Each connection begins with a header of the PROXY protocol, of version 1 or 2.
  bool proxy_protocol = false;
  // The upstream is sent such a header, of version 1, before all else.
  bool upstream_proxy_protocol = false;
  // Absent: the upstream gets bytes as they are.
  std::optional<config::Tls> upstream_tls;
  bool tls = false;  // the server ends it, with the certificates that it has for its own ports
  // Without a byte either way; zero: never.
  Milliseconds idle_timeout{3'600'000};
  Milliseconds connect_timeout{5'000};
  std::vector<std::string> plugins;  // their files, in order
};

// YAML or JSON. Empty: there is no `tcp` in it, it names a plugin. `name` is for errors.
Result<std::vector<TcpPort>> read_tcp_file(std::string_view text, const std::string& name);

}  // namespace weir::ats_plane

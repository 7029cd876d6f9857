#pragma once
// The header of the PROXY protocol, versions 1 and 2: where a connection has come from, as the
// proxy before says it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace weir::serve {

struct ProxyHeader {
  enum class State : uint8_t {
    Unfinished,
    Absent,     // these bytes begin something else
    Malformed,  // and what follows cannot be found
    Complete,
  };

  // IP addresses without port or brackets.
  struct Addresses {
    std::string source;
    uint16_t source_port = 0;
    std::string destination;
    uint16_t destination_port = 0;
  };

  State state = State::Unfinished;
  size_t size = 0;  // of the header, in bytes
  std::optional<Addresses>
      addresses;  // absent: the connection is the proxy's own, or of no known kind
};

ProxyHeader parse_proxy_header(Bytes bytes);

struct ConnectionInfo;

// The header of version 1 that tells a proxy behind where a connection has come from.
std::string make_proxy_header(const ConnectionInfo& connection);

// The connection is what the proxy before has received.
void move_to(ConnectionInfo& connection, const ProxyHeader::Addresses& addresses);

}  // namespace weir::serve

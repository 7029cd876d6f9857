#pragma once
// Sockets that listen, before anybody accepts from them.

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "config/bootstrap.h"

namespace weir::serve {

// A socket bound to an address, which does not listen yet. `port` 0: the system chooses. With
// `among_workers` others of this user may be bound to the same (SO_REUSEPORT), and connections are
// spread over those that listen.
Result<Descriptor> bind_socket(const std::string& address, uint16_t port, bool among_workers);

// Where the socket is bound that is open there. An error, the end of a sentence about the
// socket, where it is none of TCP that listens.
Result<config::SocketAddress> listening_address(int descriptor);

// Whether the two name the same place, however their addresses are written.
bool is_same_place(const config::SocketAddress& a, const config::SocketAddress& b);
bool is_same_host(const std::string& a, const std::string& b);

}  // namespace weir::serve

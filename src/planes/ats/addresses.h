#pragma once
// The server's addresses as plugins are told them.

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>

namespace weir::ats_plane {

// "192.0.2.1:80", "[2001:db8::1]:80"; empty where there is none.
std::string to_text(const sockaddr* address);
// Zero where there is none.
uint16_t port_of(const sockaddr* address);

// Nothing where `ip` is no IP address.
std::optional<sockaddr_storage> to_address(const std::string& ip, uint16_t port);

}  // namespace weir::ats_plane

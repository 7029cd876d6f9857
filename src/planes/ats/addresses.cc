#include "planes/ats/addresses.h"

#include <arpa/inet.h>

namespace weir::ats_plane {
namespace {

bool is_ip(const sockaddr* address) {
  return address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

}  // namespace

uint16_t port_of(const sockaddr* address) {
  if (!is_ip(address)) return 0;
  if (address->sa_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
}

std::string to_text(const sockaddr* address) {
  if (!is_ip(address)) return "";
  char text[INET6_ADDRSTRLEN] = "";
  const std::string port = std::to_string(port_of(address));
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
    return std::string(text) + ":" + port;
  }
  inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
            sizeof text);
  return "[" + std::string(text) + "]:" + port;
}

}  // namespace weir::ats_plane

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

std::optional<sockaddr_storage> to_address(const std::string& ip, uint16_t port) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return address;
  }
  address = {};
  if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return address;
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

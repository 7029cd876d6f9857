#include "config/address_clash.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace weir::config {
namespace {

// As IPv6 has it: one of IPv4 is mapped into it, and ways to write it are one.
using Ip = std::array<uint8_t, 16>;

constexpr Ip kAnyIpv6{};
constexpr Ip kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kIpv4At = 12;

// Nothing: a name, which is refused where it is bound.
std::optional<Ip> ip_of(const std::string& host) {
  Ip ip = kAnyIpv4;
  if (inet_pton(AF_INET, host.c_str(), ip.data() + kIpv4At) == 1) return ip;
  if (inet_pton(AF_INET6, host.c_str(), ip.data()) == 1) return ip;
  return std::nullopt;
}

bool is_ipv4(const Ip& ip) {
  return std::equal(ip.begin(), ip.begin() + kIpv4At, kAnyIpv4.begin());
}

// Whether the one stands for the other, too.
bool covers(const Ip& one, const Ip& other) {
  return one == other || one == kAnyIpv6 || (one == kAnyIpv4 && is_ipv4(other));
}

bool is_same(const SocketAddress& a, const SocketAddress& b) {
  const auto ip = ip_of(a.host);
  return a.port != 0 && a.port == b.port && ip && ip == ip_of(b.host);
}

bool overlap(const SocketAddress& a, const SocketAddress& b) {
  if (a.port == 0 || a.port != b.port) return false;
  const auto ip_a = ip_of(a.host);
  const auto ip_b = ip_of(b.host);
  return ip_a && ip_b && (covers(*ip_a, *ip_b) || covers(*ip_b, *ip_a));
}

Error clash(const Origin& where, const std::string& what, const Listener& taken_by) {
  const std::string at = taken_by.where.text.empty() ? "" : " (" + taken_by.where.text + ")";
  return where.locate({ErrorCode::BadConfig, what + " " + to_string(taken_by.address) + at +
                                                 "; take another port, or another address"});
}

}  // namespace

Done check_addresses(const ServeSettings& settings) {
  const auto& listeners = settings.listeners;
  for (auto later = listeners.begin(); later != listeners.end(); ++later) {
    const auto same = std::find_if(listeners.begin(), later, [&](const Listener& other) {
      return is_same(other.address, later->address);
    });
    if (same != later) return clash(later->where, "another listener has", *same);
  }
  if (!settings.admin) return Unit{};
  const auto taken = std::ranges::find_if(listeners, [&](const Listener& listener) {
    return overlap(listener.address, *settings.admin);
  });
  if (taken == listeners.end()) return Unit{};
  return clash(settings.admin_where,
               "the admin port " + to_string(*settings.admin) + " is in the place of the listener",
               *taken);
}

}  // namespace weir::config

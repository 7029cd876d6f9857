#include "planes/serve/listening_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <system_error>

#include "planes/serve/net.h"

namespace weir::serve {
namespace {

using asio::ip::tcp;

Error failed(std::string_view doing) {
  return Error{ErrorCode::Io, std::string(doing) + ": " + std::system_category().message(errno)};
}

std::string_view remedy_of(int error) {
  switch (error) {
    case EADDRINUSE:
      return "; end what listens there, or take another port";
    case EADDRNOTAVAIL:
      return "; take an address of this machine, or 0.0.0.0 or [::] for all";
    case EACCES:
      return "; ports below 1024 are for root, or who has CAP_NET_BIND_SERVICE";
    default:
      return "";
  }
}

bool set_on(const Descriptor& socket, int option) {
  const int on = 1;
  return ::setsockopt(socket.number(), SOL_SOCKET, option, &on, sizeof on) == 0;
}

std::optional<int> find_option(int descriptor, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) != 0) return std::nullopt;
  return value;
}

}  // namespace

Result<Descriptor> bind_socket(const std::string& address, uint16_t port, bool among_workers) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) {
    return Error{ErrorCode::BadConfig, "'" + address + "' is not an IP address"};
  }
  const tcp::endpoint endpoint(ip, port);
  Descriptor socket(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed("open");
  if (!set_on(socket, SO_REUSEADDR)) return failed("SO_REUSEADDR");
  if (among_workers && !set_on(socket, SO_REUSEPORT)) return failed("SO_REUSEPORT");
  if (::bind(socket.number(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    const int reason = errno;
    return Error{ErrorCode::Io,
                 std::system_category().message(reason) + std::string(remedy_of(reason))};
  }
  return socket;
}

Result<config::SocketAddress> listening_address(int descriptor) {
  const auto refuse = [](const char* why) { return Error{ErrorCode::BadConfig, why}; };
  const auto domain = find_option(descriptor, SO_DOMAIN);
  if (!domain) return refuse("is no socket");
  const int family = *domain;
  const bool is_ip = family == AF_INET || family == AF_INET6;
  if (!is_ip || find_option(descriptor, SO_TYPE) != SOCK_STREAM) {
    return refuse("is no TCP socket");
  }
  if (find_option(descriptor, SO_ACCEPTCONN) != 1) return refuse("does not listen");
  tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(descriptor, endpoint.data(), &size) != 0) return refuse("has no address");
  endpoint.resize(size);
  return config::SocketAddress{endpoint.address().to_string(), endpoint.port()};
}

bool is_same_host(const std::string& a, const std::string& b) {
  error_code error_a;
  error_code error_b;
  const auto ip_a = asio::ip::make_address(a, error_a);
  const auto ip_b = asio::ip::make_address(b, error_b);
  return !error_a && !error_b && ip_a == ip_b;
}

bool is_same_place(const config::SocketAddress& a, const config::SocketAddress& b) {
  return a.port == b.port && is_same_host(a.host, b.host);
}

}  // namespace weir::serve

#include "planes/serve/socket_pool.h"

#include <algorithm>
#include <map>
#include <utility>

#include "planes/serve/listening_socket.h"

namespace weir::serve {

SocketPool::SocketPool(std::vector<Socket> sockets, size_t workers) {
  std::map<std::pair<std::string, std::string>, size_t> seen;  // by address and name
  auto entries = entries_.lock();
  for (Socket& socket : sockets) {
    const size_t place = seen[{to_string(socket.address), socket.name}]++;
    entries->push_back({.socket = std::move(socket), .worker = place % workers});
  }
}

// Where the system has chosen the port, the name tells.
bool SocketPool::serves(const Socket& socket, const config::Listener& listener) {
  if (is_same_place(socket.address, listener.address)) return true;
  return listener.address.port == 0 && socket.origin == Origin::Predecessor &&
         socket.name == listener.name && is_same_host(socket.address.host, listener.address.host);
}

bool SocketPool::has(const config::Listener& listener) const {
  return std::ranges::any_of(*entries_.lock(),
                             [&](const Entry& entry) { return serves(entry.socket, listener); });
}

std::vector<Descriptor> SocketPool::take(const config::Listener& listener, size_t worker) const {
  std::vector<Descriptor> taken;
  auto entries = entries_.lock();
  for (Entry& entry : *entries) {
    if (!serves(entry.socket, listener)) continue;
    if (entry.socket.origin == Origin::Systemd) {
      taken.push_back(entry.socket.descriptor.duplicate());
    } else if (entry.worker == worker) {
      taken.push_back(std::move(entry.socket.descriptor));
    }
  }
  std::erase_if(*entries, [](const Entry& entry) { return !entry.socket.descriptor.is_open(); });
  std::erase_if(taken, [](const Descriptor& descriptor) { return !descriptor.is_open(); });
  return taken;
}

Descriptor SocketPool::take_single(const config::SocketAddress& address) const {
  auto entries = entries_.lock();
  const auto found = std::ranges::find_if(
      *entries, [&](const Entry& entry) { return is_same_place(entry.socket.address, address); });
  if (found == entries->end()) return {};
  if (found->socket.origin == Origin::Systemd) return found->socket.descriptor.duplicate();
  Descriptor taken = std::move(found->socket.descriptor);
  entries->erase(found);
  return taken;
}

std::vector<std::string> SocketPool::close_rest() const {
  std::vector<std::string> closed;
  std::erase_if(*entries_.lock(), [&](const Entry& entry) {
    if (entry.socket.origin == Origin::Systemd) return false;
    const std::string address = to_string(entry.socket.address);
    if (!std::ranges::count(closed, address)) closed.push_back(address);
    return true;
  });
  return closed;
}

std::vector<SocketPool::Known> SocketPool::of_systemd() const {
  std::vector<Known> known;
  auto entries = entries_.lock();
  for (const Entry& entry : *entries) {
    if (entry.socket.origin != Origin::Systemd) continue;
    known.push_back({entry.socket.address, entry.socket.name});
  }
  return known;
}

std::vector<SocketPool::Socket> SocketPool::duplicates_of_systemd() const {
  std::vector<Socket> sockets;
  auto entries = entries_.lock();
  for (const Entry& entry : *entries) {
    if (entry.socket.origin != Origin::Systemd) continue;
    sockets.push_back({.descriptor = entry.socket.descriptor.duplicate(),
                       .address = entry.socket.address,
                       .origin = Origin::Systemd,
                       .name = entry.socket.name});
  }
  return sockets;
}

}  // namespace weir::serve

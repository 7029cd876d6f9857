#include "planes/ats/tcp_dial.h"

#include <cstring>
#include <utility>

#include "config/socket_address.h"
#include "planes/ats/addresses.h"
#include "planes/ats/tcp_tag.h"

namespace weir::ats_plane {
namespace {

// An action that has been done by the call that started it is none to be cancelled.
TSAction under_way(TSAction action) {
  return action == nullptr || TSActionDone(action) != 0 ? nullptr : action;
}

void set_port(sockaddr_storage& address, uint16_t port) {
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  }
}

}  // namespace

TcpDial::~TcpDial() {
  if (pending_ != nullptr) TSActionCancel(pending_);
  if (connection_ != nullptr) TSVConnClose(connection_);
}

void TcpDial::start() {
  if (!listener_.port().upstream) {
    connection_ = TSHttpConnectWithPluginId(client_, kTcpTag, 0);
    if (connection_ == nullptr) failure_ = "the server's own HTTP takes no connection";
    return;
  }
  const config::SocketAddress& to = *listener_.port().upstream;
  resolved_ = to_address(to.host, to.port);
  if (resolved_) return;
  // Its event may come from inside the call.
  TSAction action = TSHostLookup(continuation_, to.host.data(), to.host.size());
  if (!resolved_ && failure_.empty()) pending_ = under_way(action);
}

bool TcpDial::note(TSEvent event, void* data) {
  switch (event) {
    case TS_EVENT_HOST_LOOKUP: {
      pending_ = nullptr;
      const sockaddr* address =
          data == nullptr ? nullptr
                          : TSHostLookupResultAddrGet(static_cast<TSHostLookupResult>(data));
      if (address == nullptr || (address->sa_family != AF_INET && address->sa_family != AF_INET6)) {
        failure_ = "no address is known of " + listener_.upstream();
        return true;
      }
      sockaddr_storage& to = resolved_.emplace();
      std::memcpy(&to, address,
                  address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
      return true;
    }
    case TS_EVENT_NET_CONNECT:
      pending_ = nullptr;
      connection_ = static_cast<TSVConn>(data);
      return true;
    case TS_EVENT_NET_CONNECT_FAILED:
      pending_ = nullptr;
      failure_ = "connect to " + listener_.upstream() + " failed";
      return true;
    default:
      return false;
  }
}

void TcpDial::go_on() {
  if (!resolved_ || !failure_.empty()) return;
  sockaddr_storage to = *std::exchange(resolved_, std::nullopt);
  set_port(to, listener_.port().upstream->port);
  connect(reinterpret_cast<const sockaddr*>(&to));
}

void TcpDial::connect(const sockaddr* to) {
  // Its event may come from inside the call.
  TSAction action = TSNetConnect(continuation_, to);
  if (connection_ == nullptr && failure_.empty()) pending_ = under_way(action);
}

}  // namespace weir::ats_plane

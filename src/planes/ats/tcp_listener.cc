#include "planes/ats/tcp_listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "planes/ats/addresses.h"
#include "planes/ats/plane.h"
#include "planes/ats/tcp_connection.h"

namespace weir::ats_plane {
namespace {

constexpr int kBacklog = 1024;

}  // namespace

Result<TcpListener*> TcpListener::open(Plane& plane, TcpPort port, const std::string& folder) {
  const std::string name = config::to_string(port.listen);
  auto set = plane.add(port.plugins, folder);
  if (!set.ok()) return std::move(set).error().in("tcp " + name);
  auto* listener =
      new TcpListener(std::move(port), std::move(set).value(), folder, plane.host().metrics());
  WEIR_TRY(listener->take_port());
  listener->continuation_ = TSContCreate(&TcpListener::on_event, nullptr);
  TSContDataSet(listener->continuation_, listener);
  TSLifecycleHookAdd(TS_LIFECYCLE_PORTS_READY_HOOK, listener->continuation_);
  return listener;
}

TcpListener::TcpListener(TcpPort port, std::shared_ptr<PluginSet> plugins, std::string folder,
                         runtime::Metrics& metrics)
    : port_(std::move(port)),
      name_(config::to_string(port_.listen)),
      upstream_(port_.upstream ? config::to_string(*port_.upstream) : "http"),
      folder_(std::move(folder)),
      plugins_(std::move(plugins)),
      stats_(metrics, name_) {
  allow(port_.allowed_clients);
}

Done TcpListener::read_certificates() {
  if (!port_.upstream_tls) return Unit{};
  const auto make = [this]() -> Result<std::shared_ptr<const serve::TlsContext>> {
    WEIR_TRY(serve::TlsMaterial material, serve::read_tls_material(*port_.upstream_tls, folder_));
    return serve::TlsContext::make(serve::TlsContext::Side::Client, *port_.upstream_tls,
                                   std::move(material));
  };
  auto made = make();
  if (!made.ok()) return port_.upstream_tls->where.locate(std::move(made).error());
  upstream_tls_ = std::move(made).value();
  return Unit{};
}

void TcpListener::allow(std::vector<AddressRange> clients) {
  allowed_ = clients.empty()
                 ? nullptr
                 : std::make_shared<const std::vector<AddressRange>>(std::move(clients));
}

bool TcpListener::is_allowed(const sockaddr* client) const {
  const auto allowed = allowed_.load();
  return allowed == nullptr || std::ranges::any_of(*allowed, [client](const AddressRange& range) {
           return range.contains(client);
         });
}

// The server would say in its log that a port is taken, and go on without it.
Done TcpListener::take_port() {
  const auto failed = [this](const char* doing) {
    return Error{ErrorCode::Io, "tcp " + name_ + ": " + doing + ": " + std::strerror(errno)};
  };
  const auto address = to_address(port_.listen.host, port_.listen.port);
  if (!address) return Error{ErrorCode::BadConfig, "tcp " + name_ + ": is no IP address"};
  const bool is_v6 = address->ss_family == AF_INET6;
  const socklen_t size = is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  socket_ = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return failed("socket");
  const int on = 1;
  setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_v6) setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&*address), size) != 0) {
    return failed("bind");
  }
  return listen(socket_, kBacklog) == 0 ? Done(Unit{}) : Done(failed("listen"));
}

int TcpListener::on_event(TSCont continuation, TSEvent event, void* data) {
  auto& listener = *static_cast<TcpListener*>(TSContDataGet(continuation));
  switch (event) {
    case TS_EVENT_LIFECYCLE_PORTS_READY:
      listener.accept();
      break;
    case TS_EVENT_NET_ACCEPT: {
      const auto client = static_cast<TSVConn>(data);
      if (listener.is_allowed(TSNetVConnRemoteAddrGet(client))) {
        TcpConnection::begin(listener, client);
      } else {
        listener.stats().refused.add(1);
        TSVConnClose(client);
      }
      break;
    }
    default:
      TSError("[weir] tcp %s: the server does not accept connections any more",
              listener.name_.c_str());
      break;
  }
  return 0;
}

void TcpListener::accept() {
  const std::string& host = port_.listen.host;
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string descriptor = std::to_string(port_.listen.port) + ":fd=" + std::to_string(socket_);
  descriptor += ":ip-in=" + (is_v6 ? "[" + host + "]" : host);
  if (port_.tls) descriptor += ":ssl";
  const TSPortDescriptor port = TSPortDescriptorParse(descriptor.c_str());
  if (port == nullptr || TSPortDescriptorAccept(port, continuation_) != TS_SUCCESS) {
    TSEmergency("[weir] tcp %s: the server does not take the port", name_.c_str());
  }
  // The server's ports wait for a client's first bytes, but some protocols begin with the server's.
  const int at_once = 0;
  setsockopt(socket_, IPPROTO_TCP, TCP_DEFER_ACCEPT, &at_once, sizeof at_once);
}

}  // namespace weir::ats_plane

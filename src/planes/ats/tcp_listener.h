#pragma once
// A port whose connections pass plugins.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "planes/ats/files/tcp_file.h"
#include "planes/ats/plugin_set.h"
#include "planes/ats/server_api.h"
#include "planes/ats/tcp_stats.h"
#include "planes/serve/tls_context.h"

namespace weir::ats_plane {

class Plane;

// Never destroyed, as the server's ports are not: its API opens ports by TSPortDescriptorAccept,
// and has no function that closes one. Thread: any.
class TcpListener {
 public:
  // Loads its plugins, and takes the port, which the server listens on when it is about to listen
  // on its own. The error says why it cannot be.
  static Result<TcpListener*> open(Plane& plane, TcpPort port, const std::string& folder);

  const TcpPort& port() const { return port_; }
  const std::shared_ptr<PluginSet>& plugins() const { return plugins_; }
  TcpStats& stats() const { return stats_; }
  // Connections that are accepted from now on are those of these clients, or of all.
  void allow(std::vector<AddressRange> clients);
  // TLS towards the upstream; null: none.
  std::shared_ptr<const serve::TlsContext> upstream_tls() const { return upstream_tls_.load(); }
  // Reads the files that TLS towards the upstream names, for connections that are made from now on.
  Done read_certificates();
  // "127.0.0.1:5000", or "http" for the server's own.
  const std::string& upstream() const { return upstream_; }

 private:
  TcpListener(TcpPort port, std::shared_ptr<PluginSet> plugins, std::string folder,
              runtime::Metrics& metrics);

  static int on_event(TSCont continuation, TSEvent event, void* data);
  Done take_port();
  bool is_allowed(const sockaddr* client) const;
  void accept();

  const TcpPort port_;
  const std::string name_;
  const std::string upstream_;
  const std::string folder_;  // where relative paths start
  const std::shared_ptr<PluginSet> plugins_;
  // Null: everybody.
  std::atomic<std::shared_ptr<const std::vector<AddressRange>>> allowed_;
  std::atomic<std::shared_ptr<const serve::TlsContext>> upstream_tls_;
  mutable TcpStats stats_;
  int socket_ = -1;
  TSCont continuation_ = nullptr;
};

}  // namespace weir::ats_plane

#include "planes/ats/tcp_ports.h"

#include <algorithm>

#include "config/config_file.h"
#include "planes/ats/plane.h"

namespace weir::ats_plane {
namespace {

// The fields in which they differ, but for those that are taken at once.
std::string changed_fields(const TcpPort& before, const TcpPort& now) {
  std::string names;
  const auto compare = [&](std::string_view name, bool same) {
    if (!same) names.append(names.empty() ? "" : ", ").append(name);
  };
  compare("upstream", before.upstream == now.upstream);
  compare("upstream_tls", before.upstream_tls == now.upstream_tls);
  compare("upstream_proxy_protocol", before.upstream_proxy_protocol == now.upstream_proxy_protocol);
  compare("tls", before.tls == now.tls);
  compare("proxy_protocol", before.proxy_protocol == now.proxy_protocol);
  compare("idle_timeout", before.idle_timeout == now.idle_timeout);
  compare("connect_timeout", before.connect_timeout == now.connect_timeout);
  return names;
}

class PortsFile {
 public:
  PortsFile(Plane& plane, std::filesystem::path path) : plane_(plane), path_(std::move(path)) {}

  void add(TcpListener& listener) { listeners_.push_back(&listener); }

  // What is wrong with the file is logged, and ports keep the plugins that they have.
  void take_anew() const {
    auto read = this->read();
    if (!read.ok()) {
      return log(LogLevel::Error,
                 "not loaded anew, ports keep their plugins: " + read.error().message);
    }
    for (TcpPort& port : read.value()) {
      const auto found = std::ranges::find(
          listeners_, port.listen, [](const TcpListener* one) { return one->port().listen; });
      if (found == listeners_.end()) {
        tell(port.listen, "the port is new, and opened when the server restarts");
        continue;
      }
      if (const std::string fields = changed_fields((*found)->port(), port); !fields.empty()) {
        tell(port.listen, fields + " changed: taken when the server restarts");
      }
      (*found)->plugins()->use(std::move(port.plugins));
      (*found)->allow(std::move(port.allowed_clients));
      if (auto renewed = (*found)->read_certificates(); !renewed.ok()) {
        log(LogLevel::Error, renewed.error().message + "; the certificates before are used on");
      }
    }
    for (const TcpListener* listener : listeners_) {
      if (std::ranges::find(read.value(), listener->port().listen, &TcpPort::listen) ==
          read.value().end()) {
        tell(listener->port().listen,
             "the port is not in the file any more: it stays, with its plugins, until the server "
             "restarts");
      }
    }
  }

 private:
  Result<std::vector<TcpPort>> read() const {
    WEIR_TRY(const std::string text, config::read_config_file(path_));
    WEIR_TRY(std::vector<TcpPort> ports, read_tcp_file(text, path_.string()));
    if (ports.empty()) {
      return Error{ErrorCode::BadConfig,
                   path_.string() +
                       ": has no `tcp` any more; what it names instead is taken when "
                       "the server restarts"};
    }
    return ports;
  }

  void tell(const config::SocketAddress& port, const std::string& what) const {
    log(LogLevel::Warn, path_.string() + ": tcp " + config::to_string(port) + ": " + what);
  }
  void log(LogLevel level, const std::string& line) const {
    plane_.host().logger().log(level, line);
  }

  Plane& plane_;
  const std::filesystem::path path_;
  std::vector<TcpListener*> listeners_;  // never destroyed
};

}  // namespace

Done open_tcp_ports(Plane& plane, const std::filesystem::path& path, std::vector<TcpPort> ports,
                    const std::string& folder) {
  PortsFile file(plane, path);
  for (TcpPort& port : ports) {
    auto opened = TcpListener::open(plane, std::move(port), folder);
    if (!opened.ok()) return std::move(opened).error().in(path.string());
    WEIR_TRY(opened.value()->read_certificates());
    file.add(*opened.value());
  }
  plane.before_reload([file = std::move(file)] { file.take_anew(); });
  return Unit{};
}

}  // namespace weir::ats_plane

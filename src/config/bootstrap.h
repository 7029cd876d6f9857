#pragma once
// What `weir serve` is told to do, as plain values: the static part of an Envoy bootstrap, checked.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/access_log.h"
#include "config/plugin_config.h"
#include "config/routes.h"

namespace weir::config {

struct SocketAddress {
  std::string host;  // an IP address without brackets, or a name to resolve
  uint16_t port = 0;

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// "127.0.0.1:80", "[::1]:80".
std::string to_string(const SocketAddress& address);

// Takes connections to clusters, bytes as they are.
struct TcpProxy {
  struct Target {
    std::string cluster;
    uint32_t weight = 1;
  };

  std::string stat_prefix;
  std::vector<Target> targets;  // at least one; one is drawn for each connection, by weight
  // Without a byte either way; zero: never.
  Milliseconds idle_timeout{3'600'000};
  uint32_t max_connect_attempts = 1;
};

struct Listener {
  enum class Codec : uint8_t {
    Auto,   // HTTP/2 where a connection starts with its preface, else HTTP/1
    Http1,  // HTTP/1.0 and HTTP/1.1
    Http2,  // HTTP/2 with prior knowledge
  };

  std::string name;
  std::string filter_chain;  // its name, for properties; may be empty
  SocketAddress address;     // an IP address; port 0 lets the system choose
  // In the order in which bytes from the client pass them, before all else.
  std::vector<PluginSettings> network_plugins;
  // Connections are carried as they are; what follows is not for them.
  std::optional<TcpProxy> tcp_proxy;

  // Of requests, or of carried connections, when they are over.
  std::vector<AccessLog> access_logs;

  Codec codec = Codec::Auto;
  std::vector<PluginSettings> plugins;  // in the order in which requests pass them
  RouteConfiguration routes;
};

struct Cluster {
  enum class Discovery : uint8_t {
    Static,      // endpoints are IP addresses
    StrictDns,   // endpoints are names; all their addresses are used
    LogicalDns,  // one endpoint, a name; a new connection uses its first address
  };

  std::string name;
  Discovery discovery = Discovery::Static;
  std::vector<SocketAddress> endpoints;  // at least one
  Milliseconds connect_timeout{5000};
  bool http2 = false;  // with prior knowledge

  friend bool operator==(const Cluster&, const Cluster&) = default;
};

// A plugin that serves no stream.
struct Service {
  PluginSettings plugin;
  bool singleton = false;  // one instance for the process, not one for each worker
};

struct ServeSettings {
  std::vector<Listener> listeners;
  std::vector<Cluster> clusters;
  std::vector<Service> services;
  std::optional<SocketAddress> admin;

  const Cluster* find_cluster(std::string_view name) const;
};

// The cluster of that name that a URL makes: http://host:port for HTTP/1, h2c://host:port for
// HTTP/2.
Result<Cluster> make_cluster(const std::string& name, const std::string& url);

// Reads a bootstrap in YAML or JSON, or in its wire form if `file_name` ends in ".pb". The name is
// for messages too.
Result<ServeSettings> load_bootstrap(std::string_view text, std::string_view file_name);

// What the command line says instead of a file.
struct Shorthand {
  // A .wasm file, or a native plugin's name if `engine` is "null"; "" runs no plugin.
  std::string plugin;
  std::string configuration;  // given to the plugin as it is
  std::string engine;         // "" is the default
  std::string upstream;       // a URL: http://host:port for HTTP/1, h2c://host:port for HTTP/2
  std::string listen = "127.0.0.1:8080";
  // More upstreams, for the plugin's own calls: URLs by name. Requests go to the one that
  // `upstream` makes, whose name is "upstream".
  std::map<std::string, std::string> clusters;
};

// The error names the part that cannot be used: "upstream 'htp://x': …".
Result<ServeSettings> make_settings(const Shorthand& shorthand);

}  // namespace weir::config

#pragma once
// What `weir serve` is told to do, as plain values: the static part of an Envoy bootstrap, checked.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/access_log.h"
#include "config/http2_options.h"
#include "config/origin.h"
#include "config/outlier_detection.h"
#include "config/plugin_config.h"
#include "config/routes.h"
#include "config/tls.h"
#include "config/uri_rules.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

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

// Which connections a filter chain is for; what says nothing is for all.
struct FilterChainMatch {
  // The leading bits of an address.
  struct Range {
    std::string prefix;  // an IP address
    uint32_t bits = 0;

    friend bool operator==(const Range&, const Range&) = default;
  };

  std::optional<uint16_t> destination_port;
  std::vector<Range> destinations;
  std::vector<std::string> server_names;  // in lower case; "*.example.com" is for all below it
  std::string transport_protocol;         // "tls", "raw_buffer"; may be empty
  std::vector<std::string> application_protocols;
  std::vector<Range> sources;
  std::vector<uint16_t> source_ports;

  friend bool operator==(const FilterChainMatch&, const FilterChainMatch&) = default;
};

// How requests tell who has sent them, and what the proxy says of itself.
struct HttpIdentity {
  enum class ServerHeader : uint8_t { Overwrite, AppendIfAbsent, PassThrough };
  // What becomes of a request's x-forwarded-client-cert. All but Sanitize and AlwaysForward take it
  // away where the client has shown no certificate.
  enum class ClientCert : uint8_t {
    Sanitize,       // it is taken away
    Forward,        // it is kept
    Append,         // what the connection tells is added
    Set,            // what the connection tells stands in its place
    AlwaysForward,  // it is kept, on any connection
  };
  // What of a client's certificate is told besides its hash.
  struct CertDetails {
    bool subject = false;
    bool cert = false;
    bool dns = false;
    bool uri = false;
  };

  bool use_remote_address = false;  // the connection tells who the client is, not what it says
  uint32_t xff_num_trusted_hops = 0;
  bool skip_xff_append = false;
  std::string via;  // empty: none
  bool generate_request_id = true;
  bool preserve_external_request_id = false;
  bool request_id_in_response = false;
  std::string server_name = "weir";
  ServerHeader server_header = ServerHeader::Overwrite;
  ClientCert client_cert = ClientCert::Sanitize;
  CertDetails cert_details;
};

// For how long requests are waited for, and how large they may be. Zero: any.
struct RequestLimits {
  enum class Underscores : uint8_t { Allow, Reject, Drop };

  Milliseconds stream_idle{300'000};  // nothing moves either way
  Milliseconds duration{};            // from its headers to its end
  Milliseconds head{15'000};          // from its first byte to the end of its headers
  uint32_t max_header_bytes = 64 * 1024;
  uint32_t max_headers = 128;
  Underscores underscores = Underscores::Allow;  // what becomes of headers like x_y
};

// What some connections of a listener are served with.
struct FilterChain {
  enum class Codec : uint8_t {
    Auto,   // HTTP/2 where a connection starts with its preface, else HTTP/1
    Http1,  // HTTP/1.0 and HTTP/1.1
    Http2,  // HTTP/2 with prior knowledge
  };

  std::string name;         // for properties; may be empty
  std::string stat_prefix;  // of HTTP; empty: the listener's name
  FilterChainMatch match;
  bool is_default = false;  // for connections that no other chain is for
  std::optional<Tls> tls;   // absent: bytes are taken as they are

  // In the order in which bytes from the client pass them, before all else.
  std::vector<PluginSettings> network_plugins;
  // Connections are carried as they are; what follows is not for them.
  std::optional<TcpProxy> tcp_proxy;

  // Of requests, or of carried connections, when they are over.
  std::vector<AccessLog> access_logs;

  Codec codec = Codec::Auto;
  Http2Options http2_options;
  ConnectionLimits limits;
  RequestLimits requests;
  HttpIdentity identity;
  bool tells_service_time = true;  // clients hear how long upstreams took
  UriRules uri;
  std::vector<std::string> upgrades;    // in lower case: "websocket", "connect"
  std::vector<PluginSettings> plugins;  // in the order in which requests pass them
  // For each of them; empty: all are passed.
  std::vector<FilterSwitch> filters;
  RouteConfiguration routes;
};

struct Listener {
  std::string name;
  Origin where;                     // of the address
  SocketAddress address;            // an IP address; port 0 lets the system choose
  std::vector<FilterChain> chains;  // at least one; no two are for the same connections
  // Of body bytes that a plugin may hold, and that may wait for a client.
  uint32_t buffer_limit = 1024 * 1024;
  // Connections begin with a header that says where they have come from.
  enum class ProxyProtocol : uint8_t { None, Required, Allowed };
  ProxyProtocol proxy_protocol = ProxyProtocol::None;
};

// Bounds on what a cluster is given at once, on each worker.
struct CircuitBreakers {
  uint32_t max_connections = 1024;
  uint32_t max_pending_requests = 1024;  // that wait for a connection
  uint32_t max_requests = 1024;
  uint32_t max_retries = 3;

  friend bool operator==(const CircuitBreakers&, const CircuitBreakers&) = default;
};

// An HTTP request that a healthy endpoint answers.
struct HttpHealthCheck {
  std::string host;  // empty: the cluster's name
  std::string path;
  std::string method = "GET";
  // Statuses, from the first to the one before the last.
  std::vector<std::pair<uint32_t, uint32_t>> expected;

  friend bool operator==(const HttpHealthCheck&, const HttpHealthCheck&) = default;
};

// A connection that a healthy endpoint takes, and answers where something is expected.
struct TcpHealthCheck {
  std::string send;
  std::vector<std::string> receive;  // in this order, with other bytes between them

  friend bool operator==(const TcpHealthCheck&, const TcpHealthCheck&) = default;
};

// Looks now and then whether an endpoint is well.
struct HealthCheck {
  Milliseconds timeout{};
  Milliseconds interval{};
  Milliseconds unhealthy_interval{};
  uint32_t unhealthy_threshold = 1;
  uint32_t healthy_threshold = 1;
  std::variant<TcpHealthCheck, HttpHealthCheck> how;

  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

// Where requests say whom connections of TLS are to, and not the settings: their host does.
struct ServerNames {
  bool sends = false;   // as SNI
  bool checks = false;  // the certificate has to be for it
  std::string header;   // in lower case: says it in place of the host; may be empty

  bool any() const { return sends || checks; }

  friend bool operator==(const ServerNames&, const ServerNames&) = default;
};

// Those of a cluster. Its connections are the same whatever they are: they do not count when
// clusters are compared.
struct ClusterPlugins {
  std::vector<PluginSettings> list;  // in the order in which requests pass them

  friend bool operator==(const ClusterPlugins&, const ClusterPlugins&) { return true; }
};

struct Cluster {
  enum class Balancing : uint8_t { RoundRobin, LeastRequest, Random };
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
  Http2Options http2_options;
  ConnectionLimits connection_limits;
  std::optional<Tls> tls;
  ServerNames server_names;
  Balancing balancing = Balancing::RoundRobin;
  uint32_t choice_count = 2;  // of LeastRequest: the endpoints that are compared
  CircuitBreakers limits;
  std::vector<HealthCheck> health_checks;
  std::optional<OutlierDetection> outlier_detection;
  // With fewer healthy endpoints, in percent, all are used.
  double panic_threshold = 50;
  Milliseconds dns_refresh{5000};
  ClusterPlugins plugins;

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
  Origin admin_where;
  // What all of it was read from; null: no file.
  std::shared_ptr<const google::protobuf::Message> message;

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

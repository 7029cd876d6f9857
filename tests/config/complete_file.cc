#include "config/complete_file.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace weir::test {
namespace {

// A message in the file: where it stands in its parent, and what it says unless a test wants else.
struct Part {
  std::string_view name;
  std::string_view parent;
  std::string_view key;
  // Whether the file has it even where no test asks for it.
  bool always;
  std::string_view entries;  // lines
  bool in_list = false;
  std::string_view replaces = "";   // the parent's entry that cannot be beside this
  std::string_view next_item = "";  // what stands after it in the list
};

constexpr std::string_view kRouter =
    "- name: router\n"
    "  typed_config: {\"@type\": "
    "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n";
constexpr std::string_view kTcpProxy =
    "- name: tcp\n"
    "  typed_config: {\"@type\": type.googleapis.com/"
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: tcp, cluster: web}\n";
constexpr bool kAlways = true;
constexpr bool kOnDemand = false;

constexpr Part kParts[] = {
    {"Bootstrap", "", "", kAlways, ""},
    {"Admin", "Bootstrap", "admin", kOnDemand,
     "address: {socket_address: {address: 127.0.0.1, port_value: 9901}}\n"},
    {"BootstrapExtension", "Bootstrap", "bootstrap_extensions", kOnDemand, "name: service\n", true},
    {"WasmService", "BootstrapExtension", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/envoy.extensions.wasm.v3.WasmService\n"
     "config: {vm_config: {code: {local: {filename: plugin.wasm}}}}\n"},
    {"StaticResources", "Bootstrap", "static_resources", kAlways, ""},
    {"Cluster", "StaticResources", "clusters", kAlways, "name: web\n", true},
    {"ClusterLoadAssignment", "Cluster", "load_assignment", kAlways, ""},
    {"LocalityLbEndpoints", "ClusterLoadAssignment", "endpoints", kAlways, "", true},
    {"LbEndpoint", "LocalityLbEndpoints", "lb_endpoints", kAlways, "", true},
    {"Endpoint", "LbEndpoint", "endpoint", kAlways,
     "address: {socket_address: {address: 127.0.0.1, port_value: 8000}}\n"},
    {"Listener", "StaticResources", "listeners", kAlways, "name: public\n", true},
    {"Address", "Listener", "address", kAlways, ""},
    {"SocketAddress", "Address", "socket_address", kAlways,
     "address: 127.0.0.1\nport_value: 8080\n"},
    {"FilterChain", "Listener", "filter_chains", kAlways, "", true},
    {"FilterChainMatch", "FilterChain", "filter_chain_match", kOnDemand, ""},
    {"TransportSocket", "FilterChain", "transport_socket", kOnDemand, "name: tls\n"},
    {"DownstreamTlsContext", "TransportSocket", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/"
     "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n"},
    {"CommonTlsContext", "DownstreamTlsContext", "common_tls_context", kAlways, ""},
    {"TlsCertificate", "CommonTlsContext", "tls_certificates", kAlways,
     "certificate_chain: {filename: a.crt}\nprivate_key: {filename: a.key}\n", true},
    {"TlsParameters", "CommonTlsContext", "tls_params", kOnDemand, ""},
    {"CertificateValidationContext", "CommonTlsContext", "validation_context", kOnDemand,
     "trusted_ca: {filename: ca.crt}\n"},
    {"SubjectAltNameMatcher", "CertificateValidationContext", "match_typed_subject_alt_names",
     kOnDemand, "san_type: DNS\nmatcher: {exact: a.test}\n", true},
    {"ListenerFilter", "Listener", "listener_filters", kOnDemand,
     "name: first\ntyped_config: {\"@type\": type.googleapis.com/"
     "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}\n",
     true},
    {"HealthCheck", "Cluster", "health_checks", kOnDemand,
     "timeout: 1s\ninterval: 5s\nunhealthy_threshold: 2\nhealthy_threshold: 2\n", true},
    {"HttpHealthCheck", "HealthCheck", "http_health_check", kAlways, "path: /health\n"},
    {"OutlierDetection", "Cluster", "outlier_detection", kOnDemand, ""},
    {"CircuitBreakers", "Cluster", "circuit_breakers", kOnDemand, ""},
    {"ClusterTransportSocket", "Cluster", "transport_socket", kOnDemand, "name: tls\n"},
    {"UpstreamTlsContext", "ClusterTransportSocket", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/"
     "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n"},
    {"NetworkFilter", "FilterChain", "filters", kOnDemand, "name: plugin\n", true, "", kTcpProxy},
    {"NetworkWasm", "NetworkFilter", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm\n"
     "config: {vm_config: {code: {local: {filename: plugin.wasm}}}}\n"},
    {"Filter", "FilterChain", "filters", kAlways, "name: http\n", true},
    {"HttpConnectionManager", "Filter", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/"
     "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
     "stat_prefix: public\n"},
    {"TcpProxy", "Filter", "typed_config", kOnDemand,
     "\"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n"
     "stat_prefix: tcp\ncluster: web\n"},
    {"AccessLog", "HttpConnectionManager", "access_log", kOnDemand, "name: log\n", true},
    {"WasmAccessLog", "AccessLog", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog\n"
     "config: {vm_config: {code: {local: {filename: plugin.wasm}}}}\n"},
    {"RouteConfiguration", "HttpConnectionManager", "route_config", kAlways, ""},
    {"VirtualHost", "RouteConfiguration", "virtual_hosts", kAlways, "name: all\ndomains: [\"*\"]\n",
     true},
    {"Route", "VirtualHost", "routes", kAlways, "", true},
    {"RouteMatch", "Route", "match", kAlways, "prefix: /\n"},
    {"RouteAction", "Route", "route", kAlways, "cluster: web\n"},
    {"HttpFilter", "HttpConnectionManager", "http_filters", kAlways, "name: plugin\n", true, "",
     kRouter},
    {"PluginOptions", "HttpFilter", "typed_config", kAlways,
     "\"@type\": type.googleapis.com/weir.v1.PluginOptions\n"},
    {"Wasm", "HttpFilter", "typed_config", kOnDemand,
     "\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n"
     "config: {vm_config: {code: {local: {filename: plugin.wasm}}}}\n"},
    {"Limits", "PluginOptions", "limits", kOnDemand, ""},
    {"PluginConfig", "PluginOptions", "plugin", kAlways, "name: plugin\n"},
    {"ReloadConfig", "PluginConfig", "reload_config", kOnDemand, ""},
    {"BackoffStrategy", "ReloadConfig", "backoff", kOnDemand, "base_interval: 1s\n"},
    {"VmConfig", "PluginConfig", "vm_config", kAlways, ""},
    {"EnvironmentVariables", "VmConfig", "environment_variables", kOnDemand, ""},
    {"CapabilityRestrictionConfig", "VmConfig", "capability_restriction_config", kOnDemand, ""},
    {"AsyncDataSource", "VmConfig", "code", kAlways, ""},
    {"DataSource", "AsyncDataSource", "local", kAlways, "filename: plugin.wasm\n"},
    {"WatchedDirectory", "DataSource", "watched_directory", kOnDemand, "path: .\n"},
    {"RemoteDataSource", "AsyncDataSource", "remote", kOnDemand,
     "sha256: 00000000000000000000000000000000000000000000000000000000000000ab\n"
     "retry_policy: {num_retries: 0}\n",
     false, "local"},
    {"HttpUri", "RemoteDataSource", "http_uri", kAlways,
     "uri: http://web/plugin.wasm\ncluster: code\ntimeout: 5s\n"},
    {"RetryPolicy", "RemoteDataSource", "retry_policy", kOnDemand, ""},
};

const Part& find(std::string_view name) {
  const auto* found = std::ranges::find(kParts, name, &Part::name);
  WEIR_CHECK(found != std::end(kParts));
  return *found;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Of a line at column 0; "" for others.
std::string_view key_of(std::string_view line) {
  if (line.empty() || line[0] == ' ' || line[0] == '#') return "";
  std::string_view key = line.substr(0, line.find(':'));
  if (key.size() > 1 && key[0] == '"') key = key.substr(1, key.size() - 2);
  return key;
}

std::string embed(const Part& part, std::string_view text) {
  if (text.empty()) return std::string(part.key) + ": {}\n";
  std::string out = std::string(part.key) + ":\n";
  bool first = true;
  for (std::string_view line : lines_of(text)) {
    out += part.in_list && first ? "- " : "  ";
    out.append(line) += '\n';
    first = false;
  }
  return out.append(part.next_item);
}

// The entries of the part; `text` has the last word.
std::string render(const Part& part, std::string_view text) {
  std::set<std::string_view> taken;
  std::string own;
  for (std::string_view line : lines_of(text)) {
    const bool removes = line.starts_with('-') && !line.starts_with("- ");
    taken.insert(removes ? line.substr(1) : key_of(line));
    if (!removes) own.append(line) += '\n';
  }
  std::string out;
  for (std::string_view line : lines_of(part.entries)) {
    if (!taken.contains(key_of(line))) out.append(line) += '\n';
  }
  out += own;
  for (const Part& child : kParts) {
    if (child.always && child.parent == part.name && !taken.contains(child.key)) {
      out += embed(child, render(child, ""));
    }
  }
  return out;
}

}  // namespace

std::vector<std::string_view> messages() {
  std::vector<std::string_view> names;
  for (const Part& part : kParts) names.push_back(part.name);
  return names;
}

std::string complete_file(std::string_view name, std::string_view text) {
  const Part* part = &find(name);
  std::string rendered = render(*part, text);
  while (!part->parent.empty()) {
    std::string entries = embed(*part, rendered);
    if (!part->replaces.empty()) entries += "-" + std::string(part->replaces) + "\n";
    part = &find(part->parent);
    rendered = render(*part, entries);
  }
  return rendered;
}

std::string path_of(std::string_view name) {
  const Part& part = find(name);
  if (part.parent.empty()) return "";
  std::string path = path_of(part.parent);
  if (!path.empty()) path += '.';
  path += part.key;
  return part.in_list ? path + "[0]" : path;
}

}  // namespace weir::test

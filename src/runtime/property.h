#pragma once
// Properties: what a plugin may ask of its stream, connection and proxy (ABI, proxy_get_property),
// as values with types. The encoding into bytes is done once, above the planes.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::runtime {

// Nanoseconds since 1970-01-01 UTC.
struct Timestamp {
  int64_t nanoseconds;
};

struct Duration {
  int64_t nanoseconds;
};

using PropertyMap = std::vector<std::pair<std::string, std::string>>;

// A list of strings.
using PropertyList = std::vector<std::string>;

// No value: the plane does not know it (now). A string_view is valid until the stream goes on.
using PropertyValue =
    std::variant<std::monostate, std::string_view, std::string, bool, int64_t, uint64_t, double,
                 Timestamp, Duration, PropertyMap, PropertyList>;

// The attributes that a plane may know, named as in Envoy ("request.path" is RequestPath). Those
// that follow from the header maps or the plugin itself (request.headers, plugin_name) are not
// here: the runtime answers them.
enum class Attribute : uint8_t {
  RequestTime,             // Timestamp
  RequestDuration,         // Duration, once the stream is complete
  RequestProtocol,         // string: "HTTP/1.0", "HTTP/1.1", "HTTP/2"
  RequestSize,             // int: body bytes
  RequestTotalSize,        // int: header, body and trailer bytes
  RequestHeadersBytes,     // int
  ResponseCode,            // int
  ResponseCodeDetails,     // string
  ResponseFlags,           // int
  ResponseGrpcStatus,      // int
  ResponseSize,            // int
  ResponseTotalSize,       // int
  ResponseHeadersBytes,    // int
  ResponseBackendLatency,  // Duration
  SourceAddress,           // string "ip:port"
  SourcePort,              // int
  DestinationAddress,      // string "ip:port"
  DestinationPort,         // int
  ConnectionId,            // uint
  ConnectionMtls,          // bool
  ConnectionRequestedServerName,
  ConnectionTlsVersion,
  ConnectionSubjectLocalCertificate,
  ConnectionSubjectPeerCertificate,
  ConnectionDnsSanLocalCertificate,
  ConnectionDnsSanPeerCertificate,
  ConnectionUriSanLocalCertificate,
  ConnectionUriSanPeerCertificate,
  ConnectionSha256PeerCertificateDigest,
  ConnectionPeerCertificate,
  ConnectionTerminationDetails,
  ConnectionTransportFailureReason,
  UpstreamAddress,
  UpstreamPort,
  UpstreamLocalAddress,
  UpstreamLocalPort,
  UpstreamTlsVersion,
  UpstreamSubjectLocalCertificate,
  UpstreamSubjectPeerCertificate,
  UpstreamDnsSanLocalCertificate,
  UpstreamDnsSanPeerCertificate,
  UpstreamUriSanLocalCertificate,
  UpstreamUriSanPeerCertificate,
  UpstreamSha256PeerCertificateDigest,
  UpstreamPeerCertificate,
  UpstreamTransportFailureReason,
  UpstreamLocality,
  UpstreamNumEndpoints,
  UpstreamRequestAttemptCount,
  UpstreamCxPoolReadyDuration,
  ClusterName,        // xds.cluster_name, cluster_name
  RouteName,          // xds.route_name, route_name
  VirtualHostName,    // xds.virtual_host_name
  FilterChainName,    // xds.filter_chain_name, filter_chain_name
  ListenerDirection,  // int: 0 unspecified, 1 inbound, 2 outbound
};

}  // namespace weir::runtime

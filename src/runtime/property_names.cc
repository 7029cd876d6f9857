#include "runtime/property_names.h"

#include <algorithm>
#include <array>

namespace weir::runtime {

using abi::MapType;

namespace {

struct Named {
  std::string_view name;
  KnownProperty known;
};

constexpr std::array kInOrderOfName{
    Named{"cluster_name", Attribute::ClusterName},
    Named{"connection.dns_san_local_certificate", Attribute::ConnectionDnsSanLocalCertificate},
    Named{"connection.dns_san_peer_certificate", Attribute::ConnectionDnsSanPeerCertificate},
    Named{"connection.id", Attribute::ConnectionId},
    Named{"connection.mtls", Attribute::ConnectionMtls},
    Named{"connection.peer_certificate", Attribute::ConnectionPeerCertificate},
    Named{"connection.requested_server_name", Attribute::ConnectionRequestedServerName},
    Named{"connection.sha256_peer_certificate_digest",
          Attribute::ConnectionSha256PeerCertificateDigest},
    Named{"connection.subject_local_certificate", Attribute::ConnectionSubjectLocalCertificate},
    Named{"connection.subject_peer_certificate", Attribute::ConnectionSubjectPeerCertificate},
    Named{"connection.termination_details", Attribute::ConnectionTerminationDetails},
    Named{"connection.tls_version", Attribute::ConnectionTlsVersion},
    Named{"connection.transport_failure_reason", Attribute::ConnectionTransportFailureReason},
    Named{"connection.uri_san_local_certificate", Attribute::ConnectionUriSanLocalCertificate},
    Named{"connection.uri_san_peer_certificate", Attribute::ConnectionUriSanPeerCertificate},
    Named{"connection_id", Attribute::ConnectionId},
    Named{"destination.address", Attribute::DestinationAddress},
    Named{"destination.port", Attribute::DestinationPort},
    Named{"filter_chain_name", Attribute::FilterChainName},
    Named{"listener_direction", Attribute::ListenerDirection},
    Named{"plugin_name", PluginProperty::Name},
    Named{"plugin_root_id", PluginProperty::RootId},
    Named{"plugin_vm_id", PluginProperty::VmId},
    Named{"request.duration", Attribute::RequestDuration},
    Named{"request.headers", MapType::RequestHeaders},
    Named{"request.headers_bytes", Attribute::RequestHeadersBytes},
    Named{"request.host", HeaderProperty{":authority"}},
    Named{"request.id", HeaderProperty{"x-request-id"}},
    Named{"request.method", HeaderProperty{":method"}},
    Named{"request.path", HeaderProperty{":path"}},
    Named{"request.protocol", Attribute::RequestProtocol},
    Named{"request.query", PathPart::Query},
    Named{"request.referer", HeaderProperty{"referer"}},
    Named{"request.scheme", HeaderProperty{":scheme"}},
    Named{"request.size", Attribute::RequestSize},
    Named{"request.time", Attribute::RequestTime},
    Named{"request.total_size", Attribute::RequestTotalSize},
    Named{"request.url_path", PathPart::UrlPath},
    Named{"request.useragent", HeaderProperty{"user-agent"}},
    Named{"response.backend_latency", Attribute::ResponseBackendLatency},
    Named{"response.code", Attribute::ResponseCode},
    Named{"response.code_details", Attribute::ResponseCodeDetails},
    Named{"response.flags", Attribute::ResponseFlags},
    Named{"response.grpc_status", Attribute::ResponseGrpcStatus},
    Named{"response.headers", MapType::ResponseHeaders},
    Named{"response.headers_bytes", Attribute::ResponseHeadersBytes},
    Named{"response.size", Attribute::ResponseSize},
    Named{"response.total_size", Attribute::ResponseTotalSize},
    Named{"response.trailers", MapType::ResponseTrailers},
    Named{"route_name", Attribute::RouteName},
    Named{"source.address", Attribute::SourceAddress},
    Named{"source.port", Attribute::SourcePort},
    Named{"upstream.address", Attribute::UpstreamAddress},
    Named{"upstream.cx_pool_ready_duration", Attribute::UpstreamCxPoolReadyDuration},
    Named{"upstream.dns_san_local_certificate", Attribute::UpstreamDnsSanLocalCertificate},
    Named{"upstream.dns_san_peer_certificate", Attribute::UpstreamDnsSanPeerCertificate},
    Named{"upstream.local_address", Attribute::UpstreamLocalAddress},
    Named{"upstream.local_port", Attribute::UpstreamLocalPort},
    Named{"upstream.locality", Attribute::UpstreamLocality},
    Named{"upstream.num_endpoints", Attribute::UpstreamNumEndpoints},
    Named{"upstream.peer_certificate", Attribute::UpstreamPeerCertificate},
    Named{"upstream.port", Attribute::UpstreamPort},
    Named{"upstream.request_attempt_count", Attribute::UpstreamRequestAttemptCount},
    Named{"upstream.sha256_peer_certificate_digest",
          Attribute::UpstreamSha256PeerCertificateDigest},
    Named{"upstream.subject_local_certificate", Attribute::UpstreamSubjectLocalCertificate},
    Named{"upstream.subject_peer_certificate", Attribute::UpstreamSubjectPeerCertificate},
    Named{"upstream.tls_version", Attribute::UpstreamTlsVersion},
    Named{"upstream.transport_failure_reason", Attribute::UpstreamTransportFailureReason},
    Named{"upstream.uri_san_local_certificate", Attribute::UpstreamUriSanLocalCertificate},
    Named{"upstream.uri_san_peer_certificate", Attribute::UpstreamUriSanPeerCertificate},
    Named{"xds.cluster_name", Attribute::ClusterName},
    Named{"xds.filter_chain_name", Attribute::FilterChainName},
    Named{"xds.listener_direction", Attribute::ListenerDirection},
    Named{"xds.route_name", Attribute::RouteName},
    Named{"xds.virtual_host_name", Attribute::VirtualHostName},
};
static_assert(std::ranges::is_sorted(kInOrderOfName, {}, &Named::name));

// Few names have the same length: it is looked at before any text is.
constexpr auto kByLength = [] {
  auto sorted = kInOrderOfName;
  std::ranges::sort(sorted, {}, [](const Named& named) { return named.name.size(); });
  return sorted;
}();
static_assert(kByLength.back().name.size() <= kLongestPropertyName);

// Where the names of a length begin in kByLength; those of the next one follow.
constexpr auto kStarts = [] {
  std::array<uint8_t, kLongestPropertyName + 2> starts{};
  for (const Named& named : kByLength) {
    for (size_t length = named.name.size() + 1; length < starts.size(); ++length) ++starts[length];
  }
  return starts;
}();

}  // namespace

KnownProperty find_property(std::string_view name) {
  if (name.size() > kLongestPropertyName) return {};
  for (size_t i = kStarts[name.size()]; i < kStarts[name.size() + 1]; ++i) {
    // Of those most differ in their last letter.
    const std::string_view known = kByLength[i].name;
    if (known.back() == name.back() && known == name) return kByLength[i].known;
  }
  return {};
}

std::vector<std::string> known_property_names() {
  std::vector<std::string> names;
  for (const Named& named : kInOrderOfName) names.emplace_back(named.name);
  return names;
}

}  // namespace weir::runtime

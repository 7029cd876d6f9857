#include "runtime/properties.h"

#include <algorithm>
#include <array>

#include "abi/map_codec.h"
#include "runtime/property.h"
#include "runtime/vm.h"

namespace weir::runtime {

using abi::MapType;
using abi::Status;

namespace {

struct NamedAttribute {
  std::string_view path;  // segments joined by '.'
  Attribute attribute;
};

// In order of path.
constexpr std::array kAttributes{
    NamedAttribute{"cluster_name", Attribute::ClusterName},
    NamedAttribute{"connection.dns_san_local_certificate",
                   Attribute::ConnectionDnsSanLocalCertificate},
    NamedAttribute{"connection.dns_san_peer_certificate",
                   Attribute::ConnectionDnsSanPeerCertificate},
    NamedAttribute{"connection.id", Attribute::ConnectionId},
    NamedAttribute{"connection.mtls", Attribute::ConnectionMtls},
    NamedAttribute{"connection.peer_certificate", Attribute::ConnectionPeerCertificate},
    NamedAttribute{"connection.requested_server_name", Attribute::ConnectionRequestedServerName},
    NamedAttribute{"connection.sha256_peer_certificate_digest",
                   Attribute::ConnectionSha256PeerCertificateDigest},
    NamedAttribute{"connection.subject_local_certificate",
                   Attribute::ConnectionSubjectLocalCertificate},
    NamedAttribute{"connection.subject_peer_certificate",
                   Attribute::ConnectionSubjectPeerCertificate},
    NamedAttribute{"connection.termination_details", Attribute::ConnectionTerminationDetails},
    NamedAttribute{"connection.tls_version", Attribute::ConnectionTlsVersion},
    NamedAttribute{"connection.transport_failure_reason",
                   Attribute::ConnectionTransportFailureReason},
    NamedAttribute{"connection.uri_san_local_certificate",
                   Attribute::ConnectionUriSanLocalCertificate},
    NamedAttribute{"connection.uri_san_peer_certificate",
                   Attribute::ConnectionUriSanPeerCertificate},
    NamedAttribute{"connection_id", Attribute::ConnectionId},
    NamedAttribute{"destination.address", Attribute::DestinationAddress},
    NamedAttribute{"destination.port", Attribute::DestinationPort},
    NamedAttribute{"filter_chain_name", Attribute::FilterChainName},
    NamedAttribute{"listener_direction", Attribute::ListenerDirection},
    NamedAttribute{"request.duration", Attribute::RequestDuration},
    NamedAttribute{"request.headers_bytes", Attribute::RequestHeadersBytes},
    NamedAttribute{"request.protocol", Attribute::RequestProtocol},
    NamedAttribute{"request.size", Attribute::RequestSize},
    NamedAttribute{"request.time", Attribute::RequestTime},
    NamedAttribute{"request.total_size", Attribute::RequestTotalSize},
    NamedAttribute{"response.backend_latency", Attribute::ResponseBackendLatency},
    NamedAttribute{"response.code", Attribute::ResponseCode},
    NamedAttribute{"response.code_details", Attribute::ResponseCodeDetails},
    NamedAttribute{"response.flags", Attribute::ResponseFlags},
    NamedAttribute{"response.grpc_status", Attribute::ResponseGrpcStatus},
    NamedAttribute{"response.headers_bytes", Attribute::ResponseHeadersBytes},
    NamedAttribute{"response.size", Attribute::ResponseSize},
    NamedAttribute{"response.total_size", Attribute::ResponseTotalSize},
    NamedAttribute{"route_name", Attribute::RouteName},
    NamedAttribute{"source.address", Attribute::SourceAddress},
    NamedAttribute{"source.port", Attribute::SourcePort},
    NamedAttribute{"upstream.address", Attribute::UpstreamAddress},
    NamedAttribute{"upstream.cx_pool_ready_duration", Attribute::UpstreamCxPoolReadyDuration},
    NamedAttribute{"upstream.dns_san_local_certificate", Attribute::UpstreamDnsSanLocalCertificate},
    NamedAttribute{"upstream.dns_san_peer_certificate", Attribute::UpstreamDnsSanPeerCertificate},
    NamedAttribute{"upstream.local_address", Attribute::UpstreamLocalAddress},
    NamedAttribute{"upstream.local_port", Attribute::UpstreamLocalPort},
    NamedAttribute{"upstream.locality", Attribute::UpstreamLocality},
    NamedAttribute{"upstream.num_endpoints", Attribute::UpstreamNumEndpoints},
    NamedAttribute{"upstream.peer_certificate", Attribute::UpstreamPeerCertificate},
    NamedAttribute{"upstream.port", Attribute::UpstreamPort},
    NamedAttribute{"upstream.request_attempt_count", Attribute::UpstreamRequestAttemptCount},
    NamedAttribute{"upstream.sha256_peer_certificate_digest",
                   Attribute::UpstreamSha256PeerCertificateDigest},
    NamedAttribute{"upstream.subject_local_certificate",
                   Attribute::UpstreamSubjectLocalCertificate},
    NamedAttribute{"upstream.subject_peer_certificate", Attribute::UpstreamSubjectPeerCertificate},
    NamedAttribute{"upstream.tls_version", Attribute::UpstreamTlsVersion},
    NamedAttribute{"upstream.transport_failure_reason", Attribute::UpstreamTransportFailureReason},
    NamedAttribute{"upstream.uri_san_local_certificate", Attribute::UpstreamUriSanLocalCertificate},
    NamedAttribute{"upstream.uri_san_peer_certificate", Attribute::UpstreamUriSanPeerCertificate},
    NamedAttribute{"xds.cluster_name", Attribute::ClusterName},
    NamedAttribute{"xds.filter_chain_name", Attribute::FilterChainName},
    NamedAttribute{"xds.listener_direction", Attribute::ListenerDirection},
    NamedAttribute{"xds.route_name", Attribute::RouteName},
    NamedAttribute{"xds.virtual_host_name", Attribute::VirtualHostName},
};
static_assert(std::ranges::is_sorted(kAttributes, {}, &NamedAttribute::path));

// Properties that are a request header under another name.
struct NamedHeader {
  std::string_view path;
  std::string_view header;
};
constexpr std::array kHeaders{
    NamedHeader{"request.host", ":authority"},      NamedHeader{"request.id", "x-request-id"},
    NamedHeader{"request.method", ":method"},       NamedHeader{"request.path", ":path"},
    NamedHeader{"request.referer", "referer"},      NamedHeader{"request.scheme", ":scheme"},
    NamedHeader{"request.useragent", "user-agent"},
};

struct NamedMap {
  std::string_view path;
  MapType map;
};
constexpr std::array kMaps{
    NamedMap{"request.headers", MapType::RequestHeaders},
    NamedMap{"response.headers", MapType::ResponseHeaders},
    NamedMap{"response.trailers", MapType::ResponseTrailers},
};

template <typename T>
Status give(abi::ValueSink sink, T value) {
  return sink(std::as_bytes(std::span(&value, 1)));
}

// The encoding of a value, by its type.
struct Encoder {
  abi::ValueSink sink;

  Status operator()(std::monostate) const { return Status::NotFound; }
  Status operator()(std::string_view text) const { return sink(as_bytes(text)); }
  Status operator()(const std::string& text) const { return sink(as_bytes(text)); }
  Status operator()(bool value) const { return give<uint8_t>(sink, value ? 1 : 0); }
  Status operator()(int64_t value) const { return give(sink, value); }
  Status operator()(uint64_t value) const { return give(sink, value); }
  Status operator()(double value) const { return give(sink, value); }
  Status operator()(Timestamp value) const { return give(sink, value.nanoseconds); }
  Status operator()(Duration value) const { return give(sink, value.nanoseconds); }
  Status operator()(const PropertyMap& map) const {
    return sink(as_bytes(abi::encode_property_map(map)));
  }
  Status operator()(const PropertyList& list) const {
    return sink(as_bytes(abi::encode_property_list(list)));
  }
};

std::string dotted(std::string_view path) {
  std::string name(path);
  std::ranges::replace(name, '\0', '.');
  return name;
}

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (true) {
    const size_t end = path.find('\0');
    segments.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

Status plugin_property(const Plugin& plugin, std::string_view name, abi::ValueSink sink) {
  if (name == "plugin_name") return sink(as_bytes(plugin.options().name));
  if (name == "plugin_root_id") return sink(as_bytes(plugin.options().root_id));
  if (name == "plugin_vm_id") return sink(as_bytes(plugin.vm()->options().vm_id));
  return Status::NotFound;
}

// The request header of that name, or nothing.
std::optional<std::string_view> request_header(HttpStream& http, std::string_view name) {
  const abi::HeaderMap* headers = http.header_map(MapType::RequestHeaders);
  return headers == nullptr ? std::nullopt : headers->find(name);
}

// request.path without its query, or the query.
std::optional<std::string_view> path_part(HttpStream& http, std::string_view name) {
  auto path = request_header(http, ":path");
  if (!path) return std::nullopt;
  const std::string_view target = path->substr(0, path->find('#'));
  const size_t mark = target.find('?');
  if (name == "request.url_path") return target.substr(0, mark);
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

Status http_property(HttpStream& http, std::string_view name, abi::ValueSink sink) {
  if (name == "request.url_path" || name == "request.query") {
    auto part = path_part(http, name);
    return part ? sink(as_bytes(*part)) : Status::NotFound;
  }
  if (auto found = std::ranges::find(kHeaders, name, &NamedHeader::path); found != kHeaders.end()) {
    auto value = request_header(http, found->header);
    return value ? sink(as_bytes(*value)) : Status::NotFound;
  }
  for (const NamedMap& named : kMaps) {
    if (!name.starts_with(named.path)) continue;
    const abi::HeaderMap* map = http.header_map(named.map);
    if (map == nullptr) continue;
    if (name == named.path) return sink(as_bytes(abi::encode_property_map(*map)));
    if (name[named.path.size()] != '.') continue;
    auto value = map->find(name.substr(named.path.size() + 1));
    return value ? sink(as_bytes(*value)) : Status::NotFound;
  }
  return Status::NotFound;
}

Status filter_state_property(const FilterState& state, std::string_view name, abi::ValueSink sink) {
  // What plugins set is in Envoy's filter state under "wasm."; both names read it.
  for (std::string_view prefix : {"filter_state.wasm.", "filter_state."}) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  const FilterState::Entry* entry = state.find(name);
  return entry == nullptr ? Status::NotFound : sink(as_bytes(entry->value));
}

}  // namespace

std::optional<Attribute> find_attribute(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kAttributes, name, {}, &NamedAttribute::path);
  if (found == kAttributes.end() || found->path != name) return std::nullopt;
  return found->attribute;
}

Status get_property(const PropertySources& sources, std::string_view path, abi::ValueSink sink) {
  // The sink runs the guest, which may move the memory that `path` lies in: it is not read after.
  const std::string name = dotted(path);
  Status status = plugin_property(sources.plugin, name, sink);
  if (status == Status::NotFound && sources.stream != nullptr) {
    if (const auto attribute = find_attribute(name)) {
      return std::visit(Encoder{sink}, sources.stream->attribute(*attribute));
    }
    if (sources.http != nullptr) status = http_property(*sources.http, name, sink);
  }
  if (status == Status::NotFound) status = filter_state_property(sources.filter_state, name, sink);
  if (status == Status::NotFound && sources.stream != nullptr) {
    status = std::visit(Encoder{sink}, sources.stream->plane_property(segments_of(path)));
  }
  return status;
}

Status set_property(FilterState& filter_state, const PropertyDeclarations& declarations,
                    std::string_view path, std::string_view value) {
  const std::string name = dotted(path);
  return filter_state.set(name, value, declarations.find(name));
}

}  // namespace weir::runtime

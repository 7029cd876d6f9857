#include "planes/envoy/attributes.h"

#include <array>

namespace weir::envoy_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

using Known = KnownAttribute;
using Kind = KnownAttribute::Kind;

constexpr std::array kKnown{
    Known{Attribute::RequestProtocol, AttributeId::RequestProtocol, Kind::Text},
    Known{Attribute::ResponseCode, AttributeId::ResponseCode, Kind::Int},
    Known{Attribute::ResponseCodeDetails, AttributeId::ResponseCodeDetails, Kind::Text},
    Known{Attribute::ResponseFlags, AttributeId::ResponseFlags, Kind::Int},
    Known{Attribute::SourceAddress, AttributeId::SourceAddress, Kind::Text},
    Known{Attribute::SourcePort, AttributeId::SourcePort, Kind::Int},
    Known{Attribute::DestinationAddress, AttributeId::DestinationAddress, Kind::Text},
    Known{Attribute::DestinationPort, AttributeId::DestinationPort, Kind::Int},
    Known{Attribute::ConnectionId, AttributeId::ConnectionId, Kind::Uint},
    Known{Attribute::ConnectionMtls, AttributeId::ConnectionMtls, Kind::Bool},
    Known{Attribute::ConnectionRequestedServerName, AttributeId::ConnectionRequestedServerName,
          Kind::Empty},
    Known{Attribute::ConnectionTlsVersion, AttributeId::ConnectionTlsVersion, Kind::Text},
    Known{Attribute::ConnectionSubjectLocalCertificate,
          AttributeId::ConnectionSubjectLocalCertificate, Kind::EmptyOverTls},
    Known{Attribute::ConnectionSubjectPeerCertificate,
          AttributeId::ConnectionSubjectPeerCertificate, Kind::EmptyOverTls},
    Known{Attribute::ConnectionDnsSanLocalCertificate,
          AttributeId::ConnectionDnsSanLocalCertificate, Kind::Text},
    Known{Attribute::ConnectionDnsSanPeerCertificate, AttributeId::ConnectionDnsSanPeerCertificate,
          Kind::Text},
    Known{Attribute::ConnectionUriSanLocalCertificate,
          AttributeId::ConnectionUriSanLocalCertificate, Kind::Text},
    Known{Attribute::ConnectionUriSanPeerCertificate, AttributeId::ConnectionUriSanPeerCertificate,
          Kind::Text},
    Known{Attribute::ConnectionSha256PeerCertificateDigest,
          AttributeId::ConnectionSha256PeerCertificateDigest, Kind::NeverEmpty},
    Known{Attribute::ConnectionTerminationDetails, AttributeId::ConnectionTerminationDetails,
          Kind::Text},
    Known{Attribute::ConnectionTransportFailureReason,
          AttributeId::ConnectionTransportFailureReason, Kind::Text},
    Known{Attribute::UpstreamAddress, AttributeId::UpstreamAddress, Kind::Text},
    Known{Attribute::UpstreamPort, AttributeId::UpstreamPort, Kind::Int},
    Known{Attribute::UpstreamLocalAddress, AttributeId::UpstreamLocalAddress, Kind::Text},
    Known{Attribute::UpstreamTlsVersion, AttributeId::UpstreamTlsVersion, Kind::Text},
    Known{Attribute::UpstreamSubjectLocalCertificate, AttributeId::UpstreamSubjectLocalCertificate,
          Kind::EmptyOverUpstreamTls},
    Known{Attribute::UpstreamSubjectPeerCertificate, AttributeId::UpstreamSubjectPeerCertificate,
          Kind::EmptyOverUpstreamTls},
    Known{Attribute::UpstreamDnsSanLocalCertificate, AttributeId::UpstreamDnsSanLocalCertificate,
          Kind::Text},
    Known{Attribute::UpstreamDnsSanPeerCertificate, AttributeId::UpstreamDnsSanPeerCertificate,
          Kind::Text},
    Known{Attribute::UpstreamUriSanLocalCertificate, AttributeId::UpstreamUriSanLocalCertificate,
          Kind::Text},
    Known{Attribute::UpstreamUriSanPeerCertificate, AttributeId::UpstreamUriSanPeerCertificate,
          Kind::Text},
    Known{Attribute::UpstreamSha256PeerCertificateDigest,
          AttributeId::UpstreamSha256PeerCertificateDigest, Kind::NeverEmpty},
    Known{Attribute::UpstreamTransportFailureReason, AttributeId::UpstreamTransportFailureReason,
          Kind::EmptyOnceRouted},
    Known{Attribute::UpstreamRequestAttemptCount, AttributeId::UpstreamRequestAttemptCount,
          Kind::Int},
    Known{Attribute::RouteName, AttributeId::XdsRouteName, Kind::Text},
    Known{Attribute::FilterChainName, AttributeId::XdsFilterChainName, Kind::Text},
    Known{Attribute::ListenerDirection, AttributeId::XdsListenerDirection, Kind::Int},
    Known{Attribute::VirtualHostName, AttributeId::XdsVirtualHostName, Kind::Text},
};

constexpr size_t kAttributeCount = static_cast<size_t>(Attribute::ListenerDirection) + 1;
constexpr uint8_t kNotKnown = 255;

// Where an attribute stands in kKnown.
constexpr auto kPlaces = [] {
  std::array<uint8_t, kAttributeCount> places{};
  places.fill(kNotKnown);
  for (size_t i = 0; i < kKnown.size(); ++i) {
    places[static_cast<size_t>(kKnown[i].attribute)] = static_cast<uint8_t>(i);
  }
  return places;
}();

struct Source {
  std::string_view group;  // "" is the path's first segment itself
  std::string_view name;
  MetadataSource source;
};
constexpr Source kMetadata[] = {
    {"", "metadata", MetadataSource::Dynamic},
    {"", "route_metadata", MetadataSource::Route},
    {"", "cluster_metadata", MetadataSource::Cluster},
    {"", "upstream_host_metadata", MetadataSource::Host},
    {"xds", "route_metadata", MetadataSource::Route},
    {"xds", "cluster_metadata", MetadataSource::Cluster},
    {"xds", "upstream_host_metadata", MetadataSource::Host},
    {"xds", "upstream_host_locality_metadata", MetadataSource::HostLocality},
};

// Metadata of a stream of HTTP. `of` and `key` name the value.
struct MetadataPlace {
  EnvoyHttpFilter* filter;
  MetadataSource source;
  ModuleBuffer of;
  ModuleBuffer key;
};

// An element as plugins get it: of another kind than text, its bytes. False: it is a list, a struct
// or null.
bool read_element(const MetadataPlace& place, size_t index, MetadataKind& known,
                  std::string& element) {
  const auto set = [&](const auto& value) {
    element.assign(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const auto ask = [&](MetadataKind kind) {
    PropertyValue value;
    if (!read_plain_metadata<envoy_dynamic_module_callback_http_get_metadata_list_string,
                             envoy_dynamic_module_callback_http_get_metadata_list_number,
                             envoy_dynamic_module_callback_http_get_metadata_list_bool>(
            kind, value, place.filter, place.source, place.of, place.key, index)) {
      return false;
    }
    if (const auto* text = std::get_if<std::string_view>(&value)) element = *text;
    if (const auto* number = std::get_if<double>(&value)) set(*number);
    if (const auto* truth = std::get_if<bool>(&value)) set(*truth);
    return true;
  };
  return find_metadata_kind(std::span(kMetadataKinds).subspan(1), known, ask);
}

// No value: an element cannot be read.
PropertyValue read_list(const MetadataPlace& place, size_t size, MetadataKind& known) {
  runtime::PropertyList list(size);
  for (size_t i = 0; i < size; ++i) {
    if (!read_element(place, i, known, list[i])) return {};
  }
  return list;
}

PropertyValue metadata(EnvoyHttpFilter* filter, MetadataSource source, std::string_view of,
                       std::string_view key) {
  const MetadataPlace place{filter, source, of, key};
  return MetadataKinds::here().read(
      static_cast<size_t>(source), of, key, kMetadataKinds,
      [&](MetadataKind kind, MetadataKind& element, PropertyValue& value) {
        if (kind != MetadataKind::List) {
          return read_plain_metadata<envoy_dynamic_module_callback_http_get_metadata_string,
                                     envoy_dynamic_module_callback_http_get_metadata_number,
                                     envoy_dynamic_module_callback_http_get_metadata_bool>(
              kind, value, filter, source, place.of, place.key);
        }
        size_t size = 0;
        if (!envoy_dynamic_module_callback_http_get_metadata_list_size(filter, source, place.of,
                                                                       place.key, &size)) {
          return false;
        }
        value = read_list(place, size, element);
        return true;
      });
}

}  // namespace

const KnownAttribute* find_known(Attribute attribute) {
  const uint8_t place = kPlaces[static_cast<size_t>(attribute)];
  return place == kNotKnown ? nullptr : &kKnown[place];
}

std::string address_with_port(std::string_view address, uint32_t port) {
  const bool is_v6 = address.find(':') != std::string_view::npos;
  std::string text(is_v6 ? "[" : "");
  text += address;
  text += is_v6 ? "]:" : ":";
  return text + std::to_string(port);
}

PropertyValue envoy_attribute(EnvoyHttpFilter* filter, Attribute attribute) {
  if (attribute == Attribute::ClusterName) {
    EnvoyBuffer name;
    if (!envoy_dynamic_module_callback_http_get_cluster_name(filter, &name)) return {};
    return name.view();
  }
  return read_attribute<envoy_dynamic_module_callback_http_filter_get_attribute_string,
                        envoy_dynamic_module_callback_http_filter_get_attribute_int,
                        envoy_dynamic_module_callback_http_filter_get_attribute_bool>(filter,
                                                                                      attribute);
}

PropertyValue envoy_property(EnvoyHttpFilter* filter, std::span<const std::string_view> path) {
  for (const Source& source : kMetadata) {
    const size_t start = source.group.empty() ? 0 : 1;
    if (path.size() != start + 4) continue;
    if (start == 1 && path[0] != source.group) continue;
    if (path[start] != source.name || path[start + 1] != "filter_metadata") continue;
    return metadata(filter, source.source, path[start + 2], path[start + 3]);
  }
  return {};
}

}  // namespace weir::envoy_plane

#include "planes/serve/connection_attributes.h"

#include "planes/serve/tls_attributes.h"

namespace weir::serve {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue connection_attribute(const ConnectionInfo& connection, Attribute attribute) {
  switch (attribute) {
    case Attribute::SourceAddress:
      return std::string_view(connection.remote_address);
    case Attribute::SourcePort:
      return int64_t{connection.remote_port};
    case Attribute::DestinationAddress:
      return std::string_view(connection.local_address);
    case Attribute::DestinationPort:
      return int64_t{connection.local_port};
    case Attribute::ConnectionId:
      return connection.id;
    case Attribute::ConnectionMtls:
      return connection.tls != nullptr && connection.tls->peer_verified;
    default:
      return connection.tls == nullptr ? PropertyValue()
                                       : connection_tls_attribute(*connection.tls, attribute);
  }
}

PropertyValue upstream_attribute(const UpstreamInfo& upstream, Attribute attribute) {
  switch (attribute) {
    case Attribute::UpstreamAddress:
      return std::string_view(upstream.address);
    case Attribute::UpstreamPort:
      return int64_t{upstream.port};
    case Attribute::UpstreamLocalAddress:
      return std::string_view(upstream.local_address);
    case Attribute::UpstreamLocalPort:
      if (upstream.local_port == 0) return {};  // it could not be reached
      return int64_t{upstream.local_port};
    default:
      return upstream.tls == nullptr ? PropertyValue()
                                     : upstream_tls_attribute(*upstream.tls, attribute);
  }
}

}  // namespace weir::serve

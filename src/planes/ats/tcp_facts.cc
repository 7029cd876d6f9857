#include "planes/ats/tcp_facts.h"

#include "planes/serve/connection_attributes.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue tcp_attribute(const TcpFacts& facts, Attribute attribute) {
  switch (attribute) {
    case Attribute::RequestTime:
      return runtime::Timestamp{facts.started_wall.count()};
    case Attribute::RequestDuration:
      if (facts.ended.count() == 0) return {};
      return runtime::Duration{(facts.ended - facts.started).count()};
    case Attribute::RequestSize:
    case Attribute::RequestTotalSize:
      return static_cast<int64_t>(facts.received_bytes);
    case Attribute::ResponseSize:
    case Attribute::ResponseTotalSize:
      return static_cast<int64_t>(facts.sent_bytes);
    case Attribute::ResponseFlags:
      return int64_t{facts.flags};
    case Attribute::ConnectionTerminationDetails:
      if (facts.details.empty()) return {};
      return std::string_view(facts.details);
    case Attribute::ClusterName:
      return std::string_view(facts.target);
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      break;
  }
  PropertyValue value = serve::connection_attribute(facts.connection, attribute);
  if (value.index() != 0 || facts.upstream == nullptr) return value;
  return serve::upstream_attribute(*facts.upstream, attribute);
}

}  // namespace weir::ats_plane

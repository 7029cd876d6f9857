#include "planes/serve/tcp_attributes.h"

#include "planes/serve/connection_attributes.h"
#include "planes/serve/tcp_session.h"

namespace weir::serve {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue tcp_attribute(const TcpSession& session, Attribute attribute) {
  const TcpSession::Facts& facts = session.facts();
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
      return static_cast<int64_t>(facts.flags);
    case Attribute::ConnectionTerminationDetails:
      if (facts.details.empty()) return {};
      return std::string_view(facts.details);
    case Attribute::UpstreamRequestAttemptCount:
      return static_cast<int64_t>(session.attempts());
    case Attribute::ClusterName:
      return std::string_view(session.cluster());
    case Attribute::FilterChainName:
      return session.filter_chain();
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      break;
  }
  PropertyValue value = connection_attribute(session.connection(), attribute);
  if (value.index() != 0 || session.upstream() == nullptr) return value;
  return upstream_attribute(*session.upstream(), attribute);
}

}  // namespace weir::serve

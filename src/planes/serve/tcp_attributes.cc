#include "planes/serve/tcp_attributes.h"

#include "planes/serve/connection_attributes.h"
#include "planes/serve/tcp_session.h"

namespace weir::serve {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue tcp_attribute(const TcpSession& session, Attribute attribute) {
  switch (attribute) {
    case Attribute::UpstreamRequestAttemptCount:
      return static_cast<int64_t>(session.attempts());
    case Attribute::ClusterName:
      return std::string_view(session.cluster());
    case Attribute::FilterChainName:
      return session.filter_chain();
    default:
      break;
  }
  PropertyValue value = fact_attribute(session.facts(), attribute);
  if (value.index() == 0) value = connection_attribute(session.connection(), attribute);
  if (value.index() != 0 || session.upstream() == nullptr) return value;
  return upstream_attribute(*session.upstream(), attribute);
}

}  // namespace weir::serve

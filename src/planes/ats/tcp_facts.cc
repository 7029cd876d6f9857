#include "planes/ats/tcp_facts.h"

#include "planes/serve/connection_attributes.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue tcp_attribute(const TcpFacts& facts, Attribute attribute) {
  if (attribute == Attribute::ClusterName) return std::string_view(facts.target);
  PropertyValue value = serve::fact_attribute(facts, attribute);
  if (value.index() == 0) value = serve::connection_attribute(facts.connection, attribute);
  if (value.index() != 0 || facts.upstream == nullptr) return value;
  return serve::upstream_attribute(*facts.upstream, attribute);
}

}  // namespace weir::ats_plane

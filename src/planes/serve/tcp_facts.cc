#include "planes/serve/tcp_facts.h"

#include <string_view>

namespace weir::serve {

using runtime::Attribute;

runtime::PropertyValue fact_attribute(const TcpFacts& facts, Attribute attribute) {
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
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      return {};
  }
}

}  // namespace weir::serve

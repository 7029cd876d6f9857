#include "planes/serve/refusal_record.h"

#include "planes/serve/connection_attributes.h"
#include "planes/serve/exchange_attributes.h"
#include "planes/serve/local_reply.h"

namespace weir::serve {

using runtime::Attribute;

std::string codec_error_details(HttpVersion version, std::string_view reason) {
  std::string details = version == HttpVersion::Http2 ? "http2" : "http1";
  return details.append(".codec_error{").append(reason).append("}");
}

RefusalRecord::RefusalRecord(const RequestInfo& request, const Refusal& refusal,
                             std::string_view filter_chain, const Clock& clock)
    : request_(request),
      refusal_(refusal),
      filter_chain_(filter_chain),
      wall_(clock.wall()),
      now_(clock.monotonic()) {}

runtime::PropertyValue RefusalRecord::attribute(Attribute attribute) const {
  switch (attribute) {
    case Attribute::RequestTime:
      return runtime::Timestamp{wall_.count()};
    case Attribute::RequestProtocol:
      return protocol_name(request_.version);
    case Attribute::ResponseCode:
      return int64_t{refusal_.status};
    case Attribute::ResponseCodeDetails:
      return refusal_.details;
    case Attribute::ResponseFlags:
      return refusal_.malformed ? static_cast<int64_t>(ResponseFlag::DownstreamProtocolError)
                                : int64_t{0};
    case Attribute::ResponseSize:
      return static_cast<int64_t>(refusal_.body_bytes);
    case Attribute::FilterChainName:
      return filter_chain_;
    default:
      return connection_attribute(request_.connection, attribute);
  }
}

}  // namespace weir::serve

// What plugins may ask of a Transaction.

#include <utility>

#include "planes/ats/attributes.h"
#include "planes/ats/tls_info.h"
#include "planes/ats/transaction.h"
#include "planes/common/field_rules.h"
#include "planes/serve/tls_attributes.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

PropertyValue number(uint64_t value) { return static_cast<int64_t>(value); }

PropertyValue decimal(std::optional<std::string_view> text) {
  const auto value = planes::parse_length(text.value_or(""));
  return value ? number(*value) : PropertyValue();
}

// As they are listed (runtime/property.h).
bool is_upstream_tls(Attribute attribute) {
  return attribute >= Attribute::UpstreamTlsVersion &&
         attribute <= Attribute::UpstreamPeerCertificate;
}

}  // namespace

PropertyValue Transaction::attribute_of_server(Attribute attribute) const {
  if (is_upstream_tls(attribute)) {
    // What was read of a connection that is gone is still told.
    const TSVConn upstream = TSHttpTxnServerVConnGet(transaction_);
    if (upstream != nullptr && std::exchange(upstream_, upstream) != upstream) {
      upstream_tls_ = read_tls(upstream);
    }
    return known_upstream_tls(attribute);
  }
  return server_attribute(transaction_, attribute);
}

PropertyValue Transaction::known_upstream_tls(Attribute attribute) const {
  if (is_upstream_tls(attribute) && upstream_tls_ != nullptr) {
    return serve::upstream_tls_attribute(*upstream_tls_, attribute);
  }
  return {};
}

PropertyValue Transaction::attribute(Attribute attribute) const {
  switch (attribute) {
    case Attribute::RequestTime:
      return runtime::Timestamp{started_wall_.count()};
    case Attribute::RequestDuration:
      if (ended_.count() == 0) return {};
      return runtime::Duration{(ended_ - started_).count()};
    case Attribute::RequestSize: {
      // What plugins have not seen has not come by here; what was announced counts, as for Envoy.
      const PropertyValue told = decimal(request_.header_list().find("content-length"));
      return told.index() == 0 ? number(request_.body_bytes_in()) : told;
    }
    case Attribute::RequestTotalSize:
      return number(request_headers_bytes_ + request_.body_bytes_in());
    case Attribute::RequestHeadersBytes:
      return number(request_headers_bytes_);
    case Attribute::ResponseCode:
      return decimal(response_.header_list().find(":status"));
    case Attribute::ResponseCodeDetails:
      if (!response_.has_headers() && flags_ == 0) return {};
      return std::string_view(details_);
    case Attribute::ResponseFlags:
      return number(flags_);
    case Attribute::ResponseGrpcStatus:
      return decimal(response_.header_list().find("grpc-status"));
    case Attribute::ResponseSize:
      if (transaction_ == nullptr) return number(response_.body_bytes_out());
      return int64_t{TSHttpTxnClientRespBodyBytesGet(transaction_)};
    case Attribute::ResponseTotalSize:
      if (transaction_ == nullptr) return {};
      return int64_t{TSHttpTxnClientRespBodyBytesGet(transaction_)} +
             TSHttpTxnClientRespHdrBytesGet(transaction_);
    case Attribute::ResponseHeadersBytes:
      return number(response_.header_list().byte_size());
    default:
      break;
  }
  if (PropertyValue known = client_.attribute(attribute); known.index() != 0) return known;
  if (transaction_ == nullptr) return known_upstream_tls(attribute);
  if (entries_ > 0) return attribute_of_server(attribute);
  // Asked from outside of the transaction's events: for as long as the server leaves it alone.
  const TSMutex mutex = TSContMutexGet(continuation_);
  if (TSMutexLockTry(mutex) != TS_SUCCESS) return {};
  PropertyValue value = attribute_of_server(attribute);
  TSMutexUnlock(mutex);
  return value;
}

}  // namespace weir::ats_plane

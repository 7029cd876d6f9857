#include "planes/ats/attributes.h"

#include <string>
#include <utility>

#include "planes/ats/addresses.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

PropertyValue address_value(const sockaddr* address) {
  std::string text = to_text(address);
  return text.empty() ? PropertyValue() : PropertyValue(std::move(text));
}

PropertyValue port_value(const sockaddr* address) {
  const uint16_t port = port_of(address);
  return port == 0 ? PropertyValue() : PropertyValue(int64_t{port});
}

// As they are listed (runtime/property.h).
bool is_client_tls(Attribute attribute) {
  return attribute >= Attribute::ConnectionMtls &&
         attribute <= Attribute::ConnectionPeerCertificate;
}

TSVConn client_connection(TSHttpTxn transaction) {
  const TSHttpSsn session = TSHttpTxnSsnGet(transaction);
  return session == nullptr ? nullptr : TSHttpSsnClientVConnGet(session);
}

PropertyValue server_attribute(TSHttpTxn transaction, Attribute attribute) {
  switch (attribute) {
    case Attribute::UpstreamAddress:
      return address_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamPort:
      return port_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamLocalAddress:
      return address_value(TSHttpTxnOutgoingAddrGet(transaction));
    case Attribute::UpstreamLocalPort:
      return port_value(TSHttpTxnOutgoingAddrGet(transaction));
    default:
      return {};
  }
}

}  // namespace weir::ats_plane

#include "planes/ats/attributes.h"

#include <string>
#include <utility>

#include "planes/ats/addresses.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

PropertyValue address_value(const sockaddr* address) {
  std::string text = to_text(address);
  return text.empty() ? PropertyValue() : PropertyValue(std::move(text));
}

PropertyValue port_value(const sockaddr* address) {
  const uint16_t port = port_of(address);
  return port == 0 ? PropertyValue() : PropertyValue(int64_t{port});
}

PropertyValue protocol_of(TSHttpTxn transaction) {
  if (TSHttpTxnClientProtocolStackContains(transaction, "h2") != nullptr) {
    return std::string_view("HTTP/2");
  }
  if (TSHttpTxnClientProtocolStackContains(transaction, "http/1.0") != nullptr) {
    return std::string_view("HTTP/1.0");
  }
  return std::string_view("HTTP/1.1");
}

}  // namespace

TSVConn client_connection(TSHttpTxn transaction) {
  const TSHttpSsn session = TSHttpTxnSsnGet(transaction);
  return session == nullptr ? nullptr : TSHttpSsnClientVConnGet(session);
}

PropertyValue server_attribute(TSHttpTxn transaction, Attribute attribute) {
  switch (attribute) {
    case Attribute::RequestProtocol:
      return protocol_of(transaction);
    case Attribute::SourceAddress:
      return address_value(TSHttpTxnClientAddrGet(transaction));
    case Attribute::SourcePort:
      return port_value(TSHttpTxnClientAddrGet(transaction));
    case Attribute::DestinationAddress:
      return address_value(TSHttpTxnIncomingAddrGet(transaction));
    case Attribute::DestinationPort:
      return port_value(TSHttpTxnIncomingAddrGet(transaction));
    case Attribute::ConnectionId: {
      const TSHttpSsn session = TSHttpTxnSsnGet(transaction);
      if (session == nullptr) return {};
      return static_cast<uint64_t>(TSHttpSsnIdGet(session));
    }
    case Attribute::UpstreamAddress:
      return address_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamPort:
      return port_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamLocalAddress:
      return address_value(TSHttpTxnOutgoingAddrGet(transaction));
    case Attribute::UpstreamLocalPort:
      return port_value(TSHttpTxnOutgoingAddrGet(transaction));
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      return {};
  }
}

}  // namespace weir::ats_plane

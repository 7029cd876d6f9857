#include "planes/ats/client_facts.h"

#include <netinet/in.h>

#include <cstring>
#include <string>
#include <utility>

#include "planes/ats/addresses.h"
#include "planes/ats/attributes.h"
#include "planes/ats/tls_info.h"
#include "planes/serve/tls_attributes.h"

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

sockaddr_storage copy_of(const sockaddr* address) {
  sockaddr_storage copy{};
  if (address == nullptr) return copy;
  if (address->sa_family == AF_INET) std::memcpy(&copy, address, sizeof(sockaddr_in));
  if (address->sa_family == AF_INET6) std::memcpy(&copy, address, sizeof(sockaddr_in6));
  return copy;
}

std::string_view protocol_of(TSHttpTxn transaction) {
  if (TSHttpTxnClientProtocolStackContains(transaction, "h2") != nullptr) return "HTTP/2";
  if (TSHttpTxnClientProtocolStackContains(transaction, "http/1.0") != nullptr) return "HTTP/1.0";
  return "HTTP/1.1";
}

}  // namespace

ClientFacts::ClientFacts(TSHttpTxn transaction)
    : client_(copy_of(TSHttpTxnClientAddrGet(transaction))),
      local_(copy_of(TSHttpTxnIncomingAddrGet(transaction))),
      protocol_(protocol_of(transaction)) {
  const TSHttpSsn session = TSHttpTxnSsnGet(transaction);
  if (session == nullptr) return;
  has_session_ = true;
  session_ = static_cast<uint64_t>(TSHttpSsnIdGet(session));
  SSL* ssl = ssl_of(TSHttpSsnClientVConnGet(session));
  if (ssl != nullptr && SSL_up_ref(ssl) == 1) ssl_.reset(ssl);
}

PropertyValue ClientFacts::attribute(Attribute attribute) const {
  switch (attribute) {
    case Attribute::RequestProtocol:
      return protocol_;
    case Attribute::SourceAddress:
      return address_value(client());
    case Attribute::SourcePort:
      return port_value(client());
    case Attribute::DestinationAddress:
      return address_value(local());
    case Attribute::DestinationPort:
      return port_value(local());
    case Attribute::ConnectionId:
      return has_session_ ? PropertyValue(session_) : PropertyValue();
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      break;
  }
  if (!is_client_tls(attribute)) return {};
  if (tls_ == nullptr && ssl_ != nullptr) tls_ = read_tls(*ssl_);
  if (attribute == Attribute::ConnectionMtls) return tls_ != nullptr && tls_->peer_verified;
  return tls_ == nullptr ? PropertyValue() : serve::connection_tls_attribute(*tls_, attribute);
}

}  // namespace weir::ats_plane

#include "planes/ats/attributes.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

namespace weir::ats_plane {

using runtime::Attribute;
using runtime::PropertyValue;

namespace {

uint16_t port_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

bool is_ip(const sockaddr* address) {
  return address != nullptr && (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

// "192.0.2.1:80", "[2001:db8::1]:80".
PropertyValue address_value(const sockaddr* address) {
  if (!is_ip(address)) return {};
  char text[INET6_ADDRSTRLEN] = "";
  const std::string port = std::to_string(port_of(*address));
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text, sizeof text);
    return std::string(text) + ":" + port;
  }
  inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
            sizeof text);
  return "[" + std::string(text) + "]:" + port;
}

PropertyValue port_value(const sockaddr* address) {
  if (!is_ip(address)) return {};
  return int64_t{port_of(*address)};
}

PropertyValue text_value(const char* text) {
  if (text == nullptr || *text == '\0') return {};
  return std::string(text);
}

TSVConn client_connection(TSHttpTxn transaction) {
  const TSHttpSsn session = TSHttpTxnSsnGet(transaction);
  return session == nullptr ? nullptr : TSHttpSsnClientVConnGet(session);
}

PropertyValue tls_attribute(TSVConn connection, Attribute attribute) {
  if (connection == nullptr || TSVConnIsSsl(connection) == 0) {
    if (attribute == Attribute::ConnectionMtls) return false;
    return {};
  }
  switch (attribute) {
    case Attribute::ConnectionMtls:
      return TSVConnProvidedSslCert(connection) != 0;
    case Attribute::ConnectionRequestedServerName: {
      int length = 0;
      const char* name = TSVConnSslSniGet(connection, &length);
      if (name == nullptr) return {};
      return std::string(name, static_cast<size_t>(length));
    }
    default:
      return text_value(TSVConnSslProtocolGet(connection));
  }
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
    case Attribute::ConnectionMtls:
    case Attribute::ConnectionRequestedServerName:
    case Attribute::ConnectionTlsVersion:
      return tls_attribute(client_connection(transaction), attribute);
    case Attribute::UpstreamAddress:
      return address_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamPort:
      return port_value(TSHttpTxnServerAddrGet(transaction));
    case Attribute::UpstreamLocalAddress:
      return address_value(TSHttpTxnOutgoingAddrGet(transaction));
    case Attribute::UpstreamLocalPort:
      return port_value(TSHttpTxnOutgoingAddrGet(transaction));
    case Attribute::UpstreamTlsVersion: {
      const TSVConn connection = TSHttpTxnServerVConnGet(transaction);
      if (connection == nullptr || TSVConnIsSsl(connection) == 0) return {};
      return text_value(TSVConnSslProtocolGet(connection));
    }
    case Attribute::ListenerDirection:
      return int64_t{0};
    default:
      return {};
  }
}

}  // namespace weir::ats_plane

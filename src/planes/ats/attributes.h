#pragma once
// Attributes of a transaction that the server knows, with the types that Envoy gives them.

#include <sys/socket.h>

#include "planes/ats/server_api.h"
#include "runtime/property.h"

namespace weir::ats_plane {

// Of the server's side, that of the client's is in ClientFacts. No value: the server does not know
// it now, or does not tell plugins. Thread: the transaction's.
runtime::PropertyValue server_attribute(TSHttpTxn transaction, runtime::Attribute attribute);

// No value: `address` is null, or of no IP.
runtime::PropertyValue address_value(const sockaddr* address);
runtime::PropertyValue port_value(const sockaddr* address);

// What is said by the TLS of a client's connection.
bool is_client_tls(runtime::Attribute attribute);

// The connection of the transaction's client; null where there is none.
TSVConn client_connection(TSHttpTxn transaction);

}  // namespace weir::ats_plane

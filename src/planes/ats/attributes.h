#pragma once
// Attributes of a transaction that the server knows, with the types that Envoy gives them.

#include "planes/ats/server_api.h"
#include "runtime/property.h"

namespace weir::ats_plane {

// No value: the server does not know it now, or does not tell plugins. Thread: the transaction's.
runtime::PropertyValue server_attribute(TSHttpTxn transaction, runtime::Attribute attribute);

// The connection of the transaction's client; null where there is none.
TSVConn client_connection(TSHttpTxn transaction);

}  // namespace weir::ats_plane

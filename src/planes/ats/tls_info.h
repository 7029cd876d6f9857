#pragma once
// What is known of TLS on one of the server's connections.

#include <memory>

#include "planes/ats/server_api.h"
#include "planes/serve/tls_info.h"

namespace weir::ats_plane {

// Null: there is no TLS on it, or no handshake has been completed. Reads certificates: to be kept.
// `connection` may be null. Thread: the connection's.
std::shared_ptr<const serve::TlsInfo> read_tls(TSVConn connection);

}  // namespace weir::ats_plane

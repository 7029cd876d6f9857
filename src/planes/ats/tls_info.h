#pragma once
// What is known of TLS on one of the server's connections.

#include <openssl/ssl.h>

#include <memory>

#include "planes/ats/server_api.h"
#include "planes/serve/tls_info.h"

namespace weir::ats_plane {

// OpenSSL's own object of a connection: the server and its plugins share one OpenSSL. Null: there
// is no TLS on it. `connection` may be null. Thread: the connection's.
SSL* ssl_of(TSVConn connection);

// Null: no handshake has been completed. Reads certificates: to be kept. Thread: the connection's.
std::shared_ptr<const serve::TlsInfo> read_tls(const SSL& ssl);
// The same; null where there is no TLS, too.
std::shared_ptr<const serve::TlsInfo> read_tls(TSVConn connection);

}  // namespace weir::ats_plane

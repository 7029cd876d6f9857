#pragma once
// What is known of a transaction's client and its connection, for attributes.

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>

#include "planes/ats/server_api.h"
#include "planes/serve/tls_info.h"
#include "runtime/property.h"

namespace weir::ats_plane {

// Kept from the transaction's beginning on: where the server itself closes a connection, it forgets
// the addresses and TLS before it tells plugins that the transaction is over. Keeping allocates
// nothing; certificates are read when a plugin asks. Thread: the transaction's home.
class ClientFacts {
 public:
  // In one of the transaction's events, while its client is there.
  explicit ClientFacts(TSHttpTxn transaction);

  // Its connection is that of other streams, too.
  bool is_http2() const { return protocol_ == "HTTP/2"; }

  // No value: not known, or none of the client's.
  runtime::PropertyValue attribute(runtime::Attribute attribute) const;

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  const sockaddr* client() const { return reinterpret_cast<const sockaddr*>(&client_); }
  const sockaddr* local() const { return reinterpret_cast<const sockaddr*>(&local_); }

  sockaddr_storage client_{};  // AF_UNSPEC: not known, in both
  sockaddr_storage local_{};
  bool has_session_ = false;
  uint64_t session_ = 0;
  std::string_view protocol_;
  std::unique_ptr<SSL, FreeSsl> ssl_;                  // null: none. It is the server's, too.
  mutable std::shared_ptr<const serve::TlsInfo> tls_;  // null: not read yet
};

}  // namespace weir::ats_plane

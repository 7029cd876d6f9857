#pragma once
// What is known of TLS on one connection, and of the certificates shown there.

#include <memory>
#include <string>
#include <vector>

namespace weir::serve {

// As Envoy gives them to plugins and logs.
struct CertificateInfo {
  std::string subject;                 // as in RFC 2253
  std::vector<std::string> dns_names;  // among the subject's alternative names
  std::vector<std::string> uris;
  std::string sha256;   // in hexadecimal
  std::string url_pem;  // percent-encoded; of the peer's alone
};

// Immutable once the handshake is done; shared by a connection and its streams.
struct TlsInfo {
  std::string version;  // "TLSv1.2", "TLSv1.3"
  std::string cipher;
  std::string server_name;  // that was asked for; may be empty
  std::string alpn;         // what was agreed on; may be empty
  bool resumed = false;
  std::shared_ptr<const CertificateInfo> local;  // null: none was shown
  std::shared_ptr<const CertificateInfo> peer;   // likewise
  bool peer_verified = false;                    // by a certificate that is trusted
};

}  // namespace weir::serve

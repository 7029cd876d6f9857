#include "planes/ats/tls_info.h"

#include "planes/serve/tls_certificate.h"

namespace weir::ats_plane {

using serve::CertificateInfo;

SSL* ssl_of(TSVConn connection) {
  if (connection == nullptr || TSVConnIsSsl(connection) == 0) return nullptr;
  return reinterpret_cast<SSL*>(TSVConnSslConnectionGet(connection));
}

std::shared_ptr<const serve::TlsInfo> read_tls(TSVConn connection) {
  const SSL* ssl = ssl_of(connection);
  return ssl == nullptr ? nullptr : read_tls(*ssl);
}

std::shared_ptr<const serve::TlsInfo> read_tls(const SSL& connection) {
  const SSL* ssl = &connection;
  if (SSL_is_init_finished(ssl) == 0) return nullptr;
  auto info = std::make_shared<serve::TlsInfo>();
  info->version = SSL_get_version(ssl);
  info->cipher = SSL_get_cipher_name(ssl);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    info->server_name = name;
  }
  info->resumed = SSL_session_reused(ssl) == 1;
  // Neither is ours to release.
  if (X509* local = SSL_get_certificate(ssl)) {
    info->local = std::make_shared<const CertificateInfo>(serve::describe_certificate(*local));
  }
  if (X509* peer = SSL_get0_peer_certificate(ssl)) {
    info->peer = std::make_shared<const CertificateInfo>(serve::describe_certificate(*peer));
    info->peer_verified = SSL_get_verify_result(ssl) == X509_V_OK;
  }
  return info;
}

}  // namespace weir::ats_plane

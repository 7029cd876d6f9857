#pragma once
// What all TLS connections of one filter chain, or to one cluster, have in common.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/tls.h"
#include "planes/serve/tls_info.h"
#include "planes/serve/tls_material.h"

struct ssl_ctx_st;
struct x509_st;

namespace weir::serve {

class TlsVerifier;

// Immutable; connections keep it. Thread: any.
class TlsContext {
 public:
  enum class Side : uint8_t { Server, Client };

  // The error says which of the settings cannot be used.
  static Result<std::shared_ptr<const TlsContext>> make(Side side, const config::Tls& settings,
                                                        TlsMaterial material);
  ~TlsContext();

  Side side() const { return side_; }
  const config::Tls& settings() const { return settings_; }
  const TlsMaterial& material() const { return material_; }

  // For TLS sessions.
  ssl_ctx_st& openssl() const { return *context_; }
  const TlsVerifier* verifier() const { return verifier_.get(); }
  // Of a certificate that is shown to peers; null: it is none of ours.
  std::shared_ptr<const CertificateInfo> local_info(const x509_st* certificate) const;
  // As TLS writes the list of protocols.
  const std::string& alpn_list() const { return alpn_list_; }

 private:
  TlsContext(Side side, const config::Tls& settings, TlsMaterial material);

  Done set_versions_and_ciphers();
  Done add_certificates();
  Done set_verification();
  void set_alpn();
  void set_resumption();

  const Side side_;
  const config::Tls settings_;
  const TlsMaterial material_;
  ssl_ctx_st* const context_;
  std::unique_ptr<const TlsVerifier> verifier_;
  std::vector<std::pair<const x509_st*, std::shared_ptr<const CertificateInfo>>> local_;
  std::string alpn_list_;
};

}  // namespace weir::serve

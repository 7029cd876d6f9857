#pragma once
// Holds a peer's certificate against what the configuration asks of it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/tls.h"
#include "planes/serve/string_matcher.h"
#include "planes/serve/tls_material.h"
#include "planes/serve/tls_openssl.h"

namespace weir::serve {

// Immutable. Thread: any.
class TlsVerifier {
 public:
  enum class Verdict : uint8_t { Trusted, Untrusted, WrongName, WrongHash, Unchecked };

  // Puts authorities and lists into `context`, which the verifier does not keep.
  static Result<TlsVerifier> make(const config::TlsValidation& settings,
                                  const TlsMaterial& material, SSL_CTX& context);

  // Of the chain in `store`; its error says more where that is not trusted. `server_name`: a name
  // or an address that the certificate has to have, in place of the settings'; empty: those.
  Verdict verify(X509_STORE_CTX& store, const std::string& server_name) const;

 private:
  struct AltName {
    config::AltNameMatch settings;
    StringMatcher matcher;
  };

  TlsVerifier() = default;
  bool matches(const AltName& wanted, X509& certificate) const;
  bool has_name(X509& certificate) const;
  bool has_hash(X509& certificate) const;

  bool check_chain_ = false;
  bool accept_untrusted_ = false;
  std::vector<AltName> alt_names_;
  std::vector<std::string> certificate_hashes_;
  std::vector<std::string> key_hashes_;
};

}  // namespace weir::serve

#include "planes/serve/tls_verifier.h"

#include <algorithm>

#include "base/lower_case.h"
#include "config/socket_address.h"
#include "planes/serve/tls_certificate.h"

namespace weir::serve {
namespace {

int general_name(config::AltNameMatch::Kind kind) {
  switch (kind) {
    case config::AltNameMatch::Kind::Email:
      return GEN_EMAIL;
    case config::AltNameMatch::Kind::Dns:
      return GEN_DNS;
    case config::AltNameMatch::Kind::Uri:
      return GEN_URI;
    case config::AltNameMatch::Kind::IpAddress:
      return GEN_IPADD;
  }
  return GEN_DNS;
}

// A wildcard stands for the first label, whole (RFC 6125, section 6.4.3).
bool wildcard_matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

// `server` is in lower case.
bool is_for(X509& certificate, const std::string& server) {
  if (config::is_ip_address(server)) {
    return std::ranges::count(alternative_names(certificate, GEN_IPADD), server) > 0;
  }
  return std::ranges::any_of(alternative_names(certificate, GEN_DNS), [&](const std::string& name) {
    const std::string pattern = lower_case(name);
    return pattern == server || wildcard_matches(pattern, server);
  });
}

}  // namespace

Result<TlsVerifier> TlsVerifier::make(const config::TlsValidation& settings,
                                      const TlsMaterial& material, SSL_CTX& context) {
  TlsVerifier verifier;
  verifier.accept_untrusted_ = settings.accept_untrusted;
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  if (material.trusted_ca) {
    verifier.check_chain_ = true;
    auto authorities = parse_certificates(*material.trusted_ca);
    if (!authorities.ok()) return std::move(authorities).error().in("trusted_ca");
    for (const OwnX509& authority : authorities.value()) {
      X509_STORE_add_cert(store, authority.get());
      SSL_CTX_add_client_CA(&context, authority.get());
    }
  }
  unsigned long flags = 0;
  if (material.crl) {
    auto crl = parse_crl(*material.crl);
    if (!crl.ok()) return std::move(crl).error().in("crl");
    X509_STORE_add_crl(store, crl.value().get());
    flags |= X509_V_FLAG_CRL_CHECK;
    if (!settings.crl_of_leaf_only) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  }
  if (settings.allow_expired) flags |= X509_V_FLAG_NO_CHECK_TIME;
  X509_STORE_set_flags(store, flags);
  if (settings.max_depth) {
    const auto depth = std::min<uint32_t>(*settings.max_depth, 100);
    X509_VERIFY_PARAM_set_depth(X509_STORE_get0_param(store), static_cast<int>(depth));
  }
  for (const config::AltNameMatch& name : settings.alt_names) {
    verifier.alt_names_.push_back({name, StringMatcher(name.match)});
  }
  verifier.certificate_hashes_ = settings.certificate_hashes;
  verifier.key_hashes_ = settings.key_hashes;
  ERR_clear_error();
  return verifier;
}

TlsVerifier::Verdict TlsVerifier::verify(X509_STORE_CTX& store,
                                         const std::string& server_name) const {
  X509* certificate = X509_STORE_CTX_get0_cert(&store);
  bool trusted = false;
  if (check_chain_) {
    trusted = X509_verify_cert(&store) == 1;
    if (!trusted && !accept_untrusted_) return Verdict::Untrusted;
  }
  X509_STORE_CTX_set_error(&store, X509_V_OK);
  const bool named =
      server_name.empty() ? has_name(*certificate) : is_for(*certificate, server_name);
  if (!named) return Verdict::WrongName;
  if (!has_hash(*certificate)) return Verdict::WrongHash;
  const bool by_hash = !certificate_hashes_.empty() || !key_hashes_.empty();
  return trusted || by_hash ? Verdict::Trusted : Verdict::Unchecked;
}

bool TlsVerifier::has_name(X509& certificate) const {
  return alt_names_.empty() || std::ranges::any_of(alt_names_, [&](const AltName& wanted) {
           return matches(wanted, certificate);
         });
}

bool TlsVerifier::matches(const AltName& wanted, X509& certificate) const {
  using Kind = config::AltNameMatch::Kind;
  const config::StringMatch& match = wanted.settings.match;
  for (std::string name : alternative_names(certificate, general_name(wanted.settings.kind))) {
    if (wanted.settings.kind == Kind::Dns) name = lower_case(name);
    if (wanted.matcher.matches(name)) return true;
    const bool by_wildcard =
        wanted.settings.kind == Kind::Dns && match.kind == config::StringMatch::Kind::Exact;
    if (by_wildcard && wildcard_matches(name, match.text)) return true;
  }
  return false;
}

// Of the two lists that there are, one has to have it.
bool TlsVerifier::has_hash(X509& certificate) const {
  if (certificate_hashes_.empty() && key_hashes_.empty()) return true;
  return std::ranges::count(certificate_hashes_, certificate_sha256(certificate)) > 0 ||
         std::ranges::count(key_hashes_, key_sha256(certificate)) > 0;
}

}  // namespace weir::serve

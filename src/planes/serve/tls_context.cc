#include "planes/serve/tls_context.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/sha256.h"
#include "planes/serve/tls_certificate.h"
#include "planes/serve/tls_session.h"
#include "planes/serve/tls_verifier.h"

namespace weir::serve {
namespace {

int openssl_version(config::TlsVersion version) {
  return version == config::TlsVersion::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

// Each name behind a byte that counts its bytes (RFC 7301, section 3.1).
std::string alpn_list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += static_cast<char>(name.size()) + name;
  return list;
}

// Our order decides; where nothing is common, the connection goes on without an agreement, as in
// Envoy.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offered_size, void* context) {
  const std::string& ours = static_cast<const TlsContext*>(context)->alpn_list();
  unsigned char* found = nullptr;
  const int result =
      SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// That there is a callback makes OpenSSL keep the name.
int take_server_name(SSL*, int* /*alert*/, void*) { return SSL_TLSEXT_ERR_OK; }

Error bad(std::string_view field) {
  const std::string why = take_openssl_error();
  return Error{ErrorCode::BadConfig,
               std::string(field) + ": " + (why.empty() ? "OpenSSL refuses it" : why)};
}

}  // namespace

TlsContext::TlsContext(Side side, const config::Tls& settings, TlsMaterial material)
    : side_(side),
      settings_(settings),
      material_(std::move(material)),
      context_(SSL_CTX_new(side == Side::Server ? TLS_server_method() : TLS_client_method())) {
  WEIR_CHECK(context_ != nullptr);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::make(Side side, const config::Tls& settings,
                                                           TlsMaterial material) {
  ERR_clear_error();
  const std::shared_ptr<TlsContext> made(new TlsContext(side, settings, std::move(material)));
  WEIR_TRY(made->set_versions_and_ciphers());
  WEIR_TRY(made->add_certificates());
  WEIR_TRY(made->set_verification());
  made->set_alpn();
  made->set_resumption();
  return std::shared_ptr<const TlsContext>(made);
}

Done TlsContext::set_versions_and_ciphers() {
  SSL_CTX_set_min_proto_version(context_, openssl_version(settings_.min_version));
  SSL_CTX_set_max_proto_version(context_, openssl_version(settings_.max_version));
  SSL_CTX_set_options(
      context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Buffers of idle connections are given back; bytes to be sent may move between two tries.
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_ENABLE_PARTIAL_WRITE);
  const bool ciphers = settings_.ciphers.empty() ||
                       SSL_CTX_set_cipher_list(context_, settings_.ciphers.c_str()) == 1;
  if (!ciphers) return bad("cipher_suites");
  const bool curves =
      settings_.curves.empty() || SSL_CTX_set1_groups_list(context_, settings_.curves.c_str()) == 1;
  if (!curves) return bad("ecdh_curves");
  const std::string& algorithms = settings_.signature_algorithms;
  if (!algorithms.empty() && SSL_CTX_set1_sigalgs_list(context_, algorithms.c_str()) != 1) {
    return bad("signature_algorithms");
  }
  return Unit{};
}

Done TlsContext::add_certificates() {
  std::set<int> key_types;
  for (size_t i = 0; i < material_.certificates.size(); ++i) {
    const TlsMaterial::Certificate& source = material_.certificates[i];
    const std::string where = "tls_certificates[" + std::to_string(i) + "]";
    auto chain = parse_certificates(source.chain);
    if (!chain.ok()) return std::move(chain).error().in(where + ".certificate_chain");
    auto key = parse_key(source.key, source.password);
    if (!key.ok()) return std::move(key).error().in(where + ".private_key");
    if (!key_types.insert(EVP_PKEY_get_base_id(key.value().get())).second) {
      return Error{ErrorCode::BadConfig,
                   where +
                       ": another certificate has a key of this type; a second one can be for "
                       "other clients alone, as RSA beside ECDSA"};
    }
    X509& leaf = *chain.value()[0];
    if (X509_check_private_key(&leaf, key.value().get()) != 1) {
      ERR_clear_error();
      return Error{ErrorCode::BadConfig,
                   where + ": the private key is not that of the certificate"};
    }
    if (SSL_CTX_use_certificate(context_, &leaf) != 1 ||
        SSL_CTX_use_PrivateKey(context_, key.value().get()) != 1) {
      return bad(where);
    }
    for (size_t j = 1; j < chain.value().size(); ++j) {
      SSL_CTX_add1_chain_cert(context_, chain.value()[j].get());
    }
    local_.emplace_back(&leaf, std::make_shared<const CertificateInfo>(describe_certificate(leaf)));
  }
  return Unit{};
}

Done TlsContext::set_verification() {
  SSL_CTX_set_cert_verify_callback(context_, TlsSession::verify, nullptr);
  if (settings_.validation) {
    WEIR_TRY(auto verifier, TlsVerifier::make(*settings_.validation, material_, *context_));
    verifier_ = std::make_unique<const TlsVerifier>(std::move(verifier));
  }
  int mode = SSL_VERIFY_NONE;
  if (settings_.validation) mode = SSL_VERIFY_PEER;
  if (settings_.require_client_certificate) {
    mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context_, mode, nullptr);
  return Unit{};
}

void TlsContext::set_alpn() {
  if (side_ == Side::Server) SSL_CTX_set_tlsext_servername_callback(context_, take_server_name);
  if (settings_.alpn.empty()) return;
  alpn_list_ = alpn_list_of(settings_.alpn);
  if (side_ == Side::Server) {
    SSL_CTX_set_alpn_select_cb(context_, choose_alpn, this);
  } else {
    SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(alpn_list_.data()),
                            static_cast<unsigned>(alpn_list_.size()));
  }
}

// Servers keep no sessions, which would take a lock; tickets say all. Who resumes one is who began
// it: a client that another configuration has accepted has to show its certificate again.
void TlsContext::set_resumption() {
  if (side_ == Side::Client) {
    SSL_CTX_set_session_cache_mode(
        context_, settings_.keep_session ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                         : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_new_cb(context_, TlsSession::keep_session);
    return;
  }
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  if (!settings_.session_tickets) {
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context_, 0);
  }
  std::string identity;
  for (const auto& [certificate, info] : local_) identity += info->sha256;
  identity += material_.trusted_ca.value_or("");
  const Digest digest = sha256({as_bytes(identity)});
  SSL_CTX_set_session_id_context(context_, reinterpret_cast<const unsigned char*>(digest.data()),
                                 static_cast<unsigned>(digest.size()));
}

std::shared_ptr<const CertificateInfo> TlsContext::local_info(const X509* certificate) const {
  const auto found =
      std::ranges::find(local_, certificate, [](const auto& known) { return known.first; });
  return found == local_.end() ? nullptr : found->second;
}

}  // namespace weir::serve

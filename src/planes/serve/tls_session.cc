#include "planes/serve/tls_session.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "config/socket_address.h"
#include "planes/serve/tls_certificate.h"
#include "planes/serve/tls_verifier.h"

namespace weir::serve {

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, TlsStats& stats, Body& output,
                       TlsResumption* resumption, TlsServerName server_name)
    : context_(std::move(context)),
      stats_(stats),
      pipe_{.output = output},
      resumption_(resumption),
      server_name_(std::move(server_name)),
      ssl_(SSL_new(&context_->openssl())) {
  WEIR_CHECK(ssl_ != nullptr);
  SSL_set_app_data(ssl_.get(), this);
  BIO* bio = BIO_new(&pipe_method());
  WEIR_CHECK(bio != nullptr);
  BIO_set_data(bio, &pipe_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (context_->side() == TlsContext::Side::Server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  const bool names_it =
      server_name_.sends && !server_name_.name.empty() && !config::is_ip_address(server_name_.name);
  const std::string& sni = names_it ? server_name_.name : context_->settings().sni;
  if (!sni.empty()) SSL_set_tlsext_host_name(ssl_.get(), sni.c_str());
  if (resumption_ != nullptr && resumption_->session != nullptr) {
    SSL_set_session(ssl_.get(), resumption_->session.get());
  }
}

// OpenSSL resumes no session whose connection has not ended in order; but a connection that was
// broken off says nothing against it.
TlsSession::~TlsSession() {
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TlsSession::State TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return fail(result);
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (context_->settings().require_sni && name == nullptr) {
    failure_ = "the client names no server, and has to";
    stats_.connection_errors.add();
    return State::Failed;
  }
  count_handshake();
  return State::Done;
}

void TlsSession::count_handshake() {
  stats_.handshakes.add();
  (SSL_version(ssl_.get()) == TLS1_3_VERSION ? stats_.tls13 : stats_.tls12).add();
  if (SSL_session_reused(ssl_.get()) == 1) stats_.resumed_sessions.add();
  if (SSL_get0_peer_certificate(ssl_.get()) == nullptr) stats_.no_certificate.add();
}

TlsSession::State TlsSession::read(std::span<std::byte> into, size_t& n) {
  ERR_clear_error();
  n = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
  return result == 1 ? State::Done : fail(result);
}

TlsSession::State TlsSession::write(Bytes bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    size_t n = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
    if (result != 1) return fail(result);
    bytes = bytes.subspan(n);
  }
  return State::Done;
}

void TlsSession::end() {
  if (std::exchange(ended_, true) || !failure_.empty()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

TlsSession::State TlsSession::fail(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return State::WantsInput;
  if (error == SSL_ERROR_ZERO_RETURN) return State::Ended;
  const bool in_handshake = SSL_is_init_finished(ssl_.get()) == 0;
  const unsigned long code = ERR_peek_error();
  failure_ = take_openssl_error();
  if (failure_.empty()) failure_ = "the connection has ended";
  if (!verification_.empty()) {
    failure_ = "certificate verify failed: " + verification_;
  } else if (in_handshake && ERR_GET_LIB(code) == ERR_LIB_SSL &&
             ERR_GET_REASON(code) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    stats_.failed_no_certificate.add();
  } else if (in_handshake) {
    stats_.connection_errors.add();
  }
  return State::Failed;
}

int TlsSession::verify(X509_STORE_CTX* store, void*) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& session = *static_cast<TlsSession*>(SSL_get_app_data(ssl));
  const TlsVerifier* verifier = session.context_->verifier();
  if (verifier == nullptr) return 1;
  using enum TlsVerifier::Verdict;
  const TlsServerName& expected = session.server_name_;
  switch (verifier->verify(*store, expected.checks ? expected.name : std::string())) {
    case Trusted:
      session.verified_ = true;
      return 1;
    case Unchecked:
      return 1;
    case Untrusted:
      session.verification_ = X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
      session.stats_.failed_verifications.add();
      return 0;
    case WrongName:
      session.verification_ = "no name in the certificate is one of those wanted";
      session.stats_.failed_alt_names.add();
      break;
    case WrongHash:
      session.verification_ = "the certificate's hash is none of those wanted";
      session.stats_.failed_hashes.add();
      break;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

int TlsSession::keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto& self = *static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (self.resumption_ == nullptr) return 0;
  self.resumption_->session.reset(session);
  return 1;
}

std::shared_ptr<const TlsInfo> TlsSession::info() const {
  auto info = std::make_shared<TlsInfo>();
  SSL* ssl = ssl_.get();
  info->version = SSL_get_version(ssl);
  info->cipher = SSL_get_cipher_name(ssl);
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    info->server_name = name;
  }
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  info->alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  info->resumed = SSL_session_reused(ssl) == 1;
  info->local = context_->local_info(SSL_get_certificate(ssl));
  if (X509* peer = SSL_get0_peer_certificate(ssl)) {
    info->peer = std::make_shared<const CertificateInfo>(describe_certificate(*peer));
    // One that resumes was verified when the session began, by the same settings.
    info->peer_verified = verified_ || (info->resumed && context_->verifier() != nullptr);
  }
  return info;
}

const BIO_METHOD& TlsSession::pipe_method() {
  static const OwnBioMethod method = [] {
    OwnBioMethod made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir"));
    WEIR_CHECK(made != nullptr);
    BIO_meth_set_read(made.get(), read_pipe);
    BIO_meth_set_write(made.get(), write_pipe);
    BIO_meth_set_ctrl(made.get(), control_pipe);
    return made;
  }();
  return *method;
}

int TlsSession::read_pipe(BIO* bio, char* into, int room) {
  BIO_clear_retry_flags(bio);
  ReadBuffer* input = static_cast<Pipe*>(BIO_get_data(bio))->input;
  if (input == nullptr || input->empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t n = std::min(input->unread().size(), static_cast<size_t>(room));
  std::memcpy(into, input->unread().data(), n);
  input->consume(n);
  return static_cast<int>(n);
}

int TlsSession::write_pipe(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  Body& output = static_cast<Pipe*>(BIO_get_data(bio))->output;
  output.append_copy(as_bytes({bytes, static_cast<size_t>(size)}));
  return size;
}

long TlsSession::control_pipe(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace weir::serve

#pragma once
// OpenSSL's objects with owners, and its errors as text. For .cc files and headers that only they
// include.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace weir::serve {

template <auto free_it>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    free_it(object);
  }
};

inline void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

using OwnBio = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using OwnBioMethod = std::unique_ptr<BIO_METHOD, OpensslDeleter<BIO_meth_free>>;
using OwnKey = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using OwnNames = std::unique_ptr<GENERAL_NAMES, OpensslDeleter<free_names>>;
using OwnSession = std::unique_ptr<SSL_SESSION, OpensslDeleter<SSL_SESSION_free>>;
using OwnSsl = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using OwnSslContext = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using OwnX509 = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using OwnX509Crl = std::unique_ptr<X509_CRL, OpensslDeleter<X509_CRL_free>>;

// Takes the thread's errors; the reason of the first is what went wrong. "" where there is none.
inline std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace weir::serve

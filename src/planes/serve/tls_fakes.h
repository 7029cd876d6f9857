#pragma once
// For tests: certificates made on the spot.

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>

#include "base/check.h"
#include "planes/serve/tls_material.h"
#include "planes/serve/tls_openssl.h"

namespace weir::serve::test {

inline std::string pem_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return {data, static_cast<size_t>(size)};
}

// Signed by itself, with these alternative names, as "DNS:a.test,URI:spiffe://a".
inline TlsMaterial::Certificate make_certificate(const std::string& name,
                                                 const std::string& alternatives) {
  const OwnKey key(EVP_EC_gen("P-256"));
  const OwnX509 certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), key.get());
  if (!alternatives.empty()) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
    WEIR_CHECK(extension != nullptr);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  WEIR_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const OwnBio chain(BIO_new(BIO_s_mem()));
  const OwnBio secret(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), certificate.get());
  PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.chain = pem_of(*chain), .key = pem_of(*secret)};
}

}  // namespace weir::serve::test

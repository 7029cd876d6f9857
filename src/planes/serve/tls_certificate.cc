#include "planes/serve/tls_certificate.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/bytes.h"
#include "base/percent.h"
#include "base/sha256.h"

namespace weir::serve {
namespace {

std::string_view text_of(const ASN1_STRING& text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)),
          static_cast<size_t>(ASN1_STRING_length(&text))};
}

std::string content_of(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<size_t>(size));
}

OwnBio bio_of(std::string_view text) {
  return OwnBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string subject_of(X509& certificate) {
  const OwnBio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return content_of(*bio);
}

std::string address_text(const ASN1_STRING& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(&address);
  if (size != 4 && size != 16) return "";
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(&address), text.data(),
              text.size());
  return text.data();
}

std::string url_pem_of(X509& certificate) {
  const OwnBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), &certificate);
  return percent_encoded(content_of(*bio), is_unreserved);
}

std::string der_of(X509& certificate, int (*encode)(const X509*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = encode(&certificate, &der);
  if (size <= 0) return "";
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

int encode_key(const X509* certificate, unsigned char** der) {
  return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), der);
}

// Without one the library would ask on the terminal.
int give_password(char* into, int room, int /*writing*/, void* data) {
  const auto& password = *static_cast<const std::string*>(data);
  if (password.size() > static_cast<size_t>(room)) return 0;
  std::ranges::copy(password, into);
  return static_cast<int>(password.size());
}

Error unreadable(std::string_view what) {
  const std::string why = take_openssl_error();
  return Error{ErrorCode::BadConfig,
               "no " + std::string(what) + " in PEM" + (why.empty() ? "" : ": " + why)};
}

}  // namespace

std::vector<std::string> alternative_names(X509& certificate, int kind) {
  std::vector<std::string> found;
  const OwnNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != kind) continue;
    if (kind == GEN_IPADD) {
      found.push_back(address_text(*name->d.iPAddress));
    } else {
      // A name that goes on behind a zero byte is meant to deceive; as a whole it matches nothing.
      found.emplace_back(text_of(*name->d.ia5));
    }
  }
  return found;
}

std::string certificate_sha256(X509& certificate) {
  return to_hex(sha256({as_bytes(der_of(certificate, i2d_X509))}));
}

std::string key_sha256(X509& certificate) {
  const auto hash = sha256({as_bytes(der_of(certificate, encode_key))});
  std::array<unsigned char, 45> base64{};  // of 32 bytes, and a terminating zero
  EVP_EncodeBlock(base64.data(), reinterpret_cast<const unsigned char*>(hash.data()),
                  static_cast<int>(hash.size()));
  return reinterpret_cast<const char*>(base64.data());
}

CertificateInfo describe_certificate(X509& certificate) {
  return {.subject = subject_of(certificate),
          .dns_names = alternative_names(certificate, GEN_DNS),
          .uris = alternative_names(certificate, GEN_URI),
          .sha256 = certificate_sha256(certificate),
          .url_pem = url_pem_of(certificate)};
}

Result<std::vector<OwnX509>> parse_certificates(std::string_view pem) {
  std::vector<OwnX509> out;
  const OwnBio bio = bio_of(pem);
  while (X509* certificate = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
    out.emplace_back(certificate);
  }
  // The end is an error of its own; another one is a certificate that is damaged.
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (out.empty() || !at_end) return unreadable("certificate");
  ERR_clear_error();
  return out;
}

Result<OwnX509Crl> parse_crl(std::string_view pem) {
  OwnX509Crl crl(PEM_read_bio_X509_CRL(bio_of(pem).get(), nullptr, nullptr, nullptr));
  if (crl == nullptr) return unreadable("list of revoked certificates");
  return crl;
}

Result<OwnKey> parse_key(std::string_view pem, const std::string& password) {
  OwnKey key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, give_password,
                                     const_cast<std::string*>(&password)));
  if (key == nullptr) return unreadable("private key");
  return key;
}

}  // namespace weir::serve

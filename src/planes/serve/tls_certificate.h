#pragma once
// Reads what a certificate says.

#include <string>
#include <vector>

#include "base/result.h"
#include "planes/serve/tls_info.h"
#include "planes/serve/tls_openssl.h"

namespace weir::serve {

CertificateInfo describe_certificate(X509& certificate);

// Of one kind (GEN_DNS, …); IP addresses as text.
std::vector<std::string> alternative_names(X509& certificate, int kind);

// In lower-case hexadecimal, and of its public key in base64.
std::string certificate_sha256(X509& certificate);
std::string key_sha256(X509& certificate);

// All certificates in PEM. At least one, or an error.
Result<std::vector<OwnX509>> parse_certificates(std::string_view pem);
Result<OwnX509Crl> parse_crl(std::string_view pem);
// `password` may be empty.
Result<OwnKey> parse_key(std::string_view pem, const std::string& password);

}  // namespace weir::serve

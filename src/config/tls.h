#pragma once
// What a configuration says of TLS on connections, as plain values, checked. Files are not read
// yet.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/origin.h"
#include "config/plugin_config.h"
#include "config/routes.h"

namespace weir::config {

enum class TlsVersion : uint8_t { Tls12, Tls13 };

// In PEM.
struct TlsCertificate {
  DataSource chain;  // the leaf first
  DataSource key;
  std::optional<DataSource> password;  // of the key

  friend bool operator==(const TlsCertificate&, const TlsCertificate&) = default;
};

struct AltNameMatch {
  enum class Kind : uint8_t { Email, Dns, Uri, IpAddress };

  Kind kind = Kind::Dns;
  StringMatch match;

  friend bool operator==(const AltNameMatch&, const AltNameMatch&) = default;
};

// What a peer's certificate is held against.
struct TlsValidation {
  std::optional<DataSource> trusted_ca;  // absent: whoever has issued it
  std::optional<DataSource> crl;
  bool crl_of_leaf_only = false;
  bool allow_expired = false;
  bool accept_untrusted = false;  // that the chain cannot be verified does not matter
  std::optional<uint32_t> max_depth;
  // Of each of these, unless it is empty, one has to match.
  std::vector<AltNameMatch> alt_names;
  std::vector<std::string> certificate_hashes;  // SHA-256, lower-case hexadecimal, or the key's:
  std::vector<std::string> key_hashes;          // SHA-256 in base64

  friend bool operator==(const TlsValidation&, const TlsValidation&) = default;
};

// One side's end of TLS.
struct Tls {
  Origin where;
  TlsVersion min_version = TlsVersion::Tls12;
  TlsVersion max_version = TlsVersion::Tls13;
  // OpenSSL's lists, the preferred first; empty: OpenSSL's own.
  std::string ciphers;
  std::string curves;
  std::string signature_algorithms;
  std::vector<TlsCertificate> certificates;
  std::optional<TlsValidation> validation;  // absent: the peer's certificate is not looked at
  std::vector<std::string> alpn;            // the preferred first

  // Towards clients.
  bool require_client_certificate = false;
  bool require_sni = false;
  bool session_tickets = true;
  Milliseconds handshake_timeout{};  // zero: that of a request's headers

  // Towards upstreams.
  std::string sni;
  bool keep_session = true;

  friend bool operator==(const Tls&, const Tls&) = default;
};

// All files and variables that it names.
std::vector<DataSource> sources_of(const Tls& tls);

}  // namespace weir::config

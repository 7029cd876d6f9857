#include "config/tls_reader.h"

#include <algorithm>

#include "config/data_source_reader.h"
#include "config/match_reader.h"
#include "config/unpack.h"
#include "weir/envoy/tls.pb.h"

namespace weir::config {
namespace {

namespace tls_v3 = envoy::extensions::transport_sockets::tls::v3;

// RFC 7301: a byte counts the bytes of a name, and two those of the list.
constexpr size_t kLongestProtocol = 255;
constexpr size_t kLongestProtocolList = 65'535;

template <typename Texts>
std::string joined(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ":") + text;
  return all;
}

// Groups of equal preference, "[a|b]", are BoringSSL's: here each has its place.
std::string cipher_list(const tls_v3::TlsParameters& message) {
  std::string list = joined(message.cipher_suites());
  std::erase_if(list, [](char c) { return c == '[' || c == ']'; });
  std::ranges::replace(list, '|', ':');
  return list;
}

Result<TlsVersion> read_version(tls_v3::TlsParameters::TlsProtocol version, TlsVersion otherwise,
                                const Place& at) {
  switch (version) {
    case tls_v3::TlsParameters::TLS_AUTO:
      return otherwise;
    case tls_v3::TlsParameters::TLSv1_2:
      return TlsVersion::Tls12;
    case tls_v3::TlsParameters::TLSv1_3:
      return TlsVersion::Tls13;
    default:
      return at.error("TLS before 1.2 is broken, and not served; write TLSv1_2");
  }
}

Done read_parameters(const tls_v3::TlsParameters& message, const Place& at, Tls& into) {
  WEIR_TRY(into.min_version, read_version(message.tls_minimum_protocol_version(), TlsVersion::Tls12,
                                          at.field("tls_minimum_protocol_version")));
  const Place max = at.field("tls_maximum_protocol_version");
  WEIR_TRY(into.max_version,
           read_version(message.tls_maximum_protocol_version(), TlsVersion::Tls13, max));
  if (into.max_version < into.min_version) {
    return max.error("is below tls_minimum_protocol_version; no version is left");
  }
  into.ciphers = cipher_list(message);
  into.curves = joined(message.ecdh_curves());
  into.signature_algorithms = joined(message.signature_algorithms());
  return Unit{};
}

Result<TlsCertificate> read_certificate(const tls_v3::TlsCertificate& message, const Place& at) {
  TlsCertificate certificate;
  WEIR_TRY(certificate.chain, read_data_source(message.certificate_chain(),
                                               at.field("certificate_chain"), "server.crt"));
  WEIR_TRY(certificate.key,
           read_data_source(message.private_key(), at.field("private_key"), "server.key"));
  if (message.has_password()) {
    WEIR_TRY(certificate.password,
             read_data_source(message.password(), at.field("password"), "password"));
  }
  return certificate;
}

Result<AltNameMatch> read_alt_name(const tls_v3::SubjectAltNameMatcher& message, const Place& at) {
  AltNameMatch out;
  switch (message.san_type()) {
    case tls_v3::SubjectAltNameMatcher::EMAIL:
      out.kind = AltNameMatch::Kind::Email;
      break;
    case tls_v3::SubjectAltNameMatcher::DNS:
      out.kind = AltNameMatch::Kind::Dns;
      break;
    case tls_v3::SubjectAltNameMatcher::URI:
      out.kind = AltNameMatch::Kind::Uri;
      break;
    case tls_v3::SubjectAltNameMatcher::IP_ADDRESS:
      out.kind = AltNameMatch::Kind::IpAddress;
      break;
    default:
      return at.error("'san_type' is missing; expected EMAIL, DNS, URI or IP_ADDRESS");
  }
  WEIR_TRY(out.match, read_string_match(message.matcher(), at.field("matcher")));
  return out;
}

// "AB:CD", "abcd".
Result<std::string> read_hash(const std::string& text, const Place& at) {
  std::string hash;
  for (const char c : text) {
    if (c != ':') hash += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool hexadecimal = hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (hexadecimal && hash.size() == 64) return hash;
  return at.error("expected a SHA-256 hash of 64 hexadecimal digits, got " + quote(text));
}

Result<std::string> read_key_hash(const std::string& text, const Place& at) {
  const bool base64 = text.find_first_not_of(
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                          "0123456789+/=") == std::string::npos;
  if (base64 && text.size() == 44 && text.back() == '=') return text;
  return at.error("expected a SHA-256 hash in base64, 44 characters, got " + quote(text));
}

Result<TlsValidation> read_validation(const tls_v3::CertificateValidationContext& message,
                                      const Place& at) {
  TlsValidation out;
  if (message.has_trusted_ca()) {
    WEIR_TRY(out.trusted_ca,
             read_data_source(message.trusted_ca(), at.field("trusted_ca"), "ca.crt"));
  }
  if (message.has_crl()) {
    WEIR_TRY(out.crl, read_data_source(message.crl(), at.field("crl"), "revoked.crl"));
  }
  for (const auto& [field, needs_ca] :
       {std::pair("crl", message.has_crl()),
        std::pair("max_verify_depth", message.has_max_verify_depth()),
        std::pair("match_typed_subject_alt_names",
                  message.match_typed_subject_alt_names_size() > 0)}) {
    if (needs_ca && !out.trusted_ca) {
      return at.field(field).error(
          "means nothing without trusted_ca: anybody could have issued it");
    }
  }
  out.crl_of_leaf_only = message.only_verify_leaf_cert_crl();
  out.allow_expired = message.allow_expired_certificate();
  out.accept_untrusted =
      message.trust_chain_verification() == tls_v3::CertificateValidationContext::ACCEPT_UNTRUSTED;
  if (message.has_max_verify_depth()) out.max_depth = message.max_verify_depth().value();
  for (int i = 0; i < message.match_typed_subject_alt_names_size(); ++i) {
    WEIR_TRY(auto name,
             read_alt_name(message.match_typed_subject_alt_names(i),
                           at.field("match_typed_subject_alt_names").item(static_cast<size_t>(i))));
    out.alt_names.push_back(std::move(name));
  }
  for (int i = 0; i < message.verify_certificate_hash_size(); ++i) {
    WEIR_TRY(auto hash,
             read_hash(message.verify_certificate_hash(i),
                       at.field("verify_certificate_hash").item(static_cast<size_t>(i))));
    out.certificate_hashes.push_back(std::move(hash));
  }
  for (int i = 0; i < message.verify_certificate_spki_size(); ++i) {
    WEIR_TRY(auto hash,
             read_key_hash(message.verify_certificate_spki(i),
                           at.field("verify_certificate_spki").item(static_cast<size_t>(i))));
    out.key_hashes.push_back(std::move(hash));
  }
  return out;
}

Done read_alpn(const tls_v3::CommonTlsContext& message, const Place& at, Tls& into) {
  size_t bytes = 0;
  for (int i = 0; i < message.alpn_protocols_size(); ++i) {
    // Envoy's own examples write several into one, with commas.
    std::string_view rest = message.alpn_protocols(i);
    for (bool more = true; more;) {
      const size_t comma = rest.find(',');
      more = comma != std::string_view::npos;
      const std::string_view name = rest.substr(0, comma);
      if (name.empty() || name.size() > kLongestProtocol) {
        return at.item(static_cast<size_t>(i))
            .error("expected a protocol's name, as h2 or http/1.1");
      }
      bytes += 1 + name.size();
      into.alpn.emplace_back(name);
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  if (bytes > kLongestProtocolList) return at.error("the list is too long");
  return Unit{};
}

Result<Tls> read_common(const tls_v3::CommonTlsContext& message, const Place& at) {
  Tls tls;
  WEIR_TRY(read_parameters(message.tls_params(), at.field("tls_params"), tls));
  for (int i = 0; i < message.tls_certificates_size(); ++i) {
    WEIR_TRY(auto certificate,
             read_certificate(message.tls_certificates(i),
                              at.field("tls_certificates").item(static_cast<size_t>(i))));
    tls.certificates.push_back(std::move(certificate));
  }
  if (message.has_validation_context()) {
    WEIR_TRY(tls.validation,
             read_validation(message.validation_context(), at.field("validation_context")));
  }
  WEIR_TRY(read_alpn(message, at.field("alpn_protocols"), tls));
  return tls;
}

template <typename Context>
Result<Context> unpack_context(const envoy::config::core::v3::TransportSocket& message,
                               const Place& at) {
  const auto& config = message.typed_config();
  if (config.Is<Context>()) return unpack<Context>(config, at);
  return at.error("expected a message of type " + Context::descriptor()->full_name() + ", got " +
                  quote(type_name(config)));
}

}  // namespace

Result<Tls> read_downstream_tls(const envoy::config::core::v3::TransportSocket& message,
                                const Place& at) {
  const Place here = at.field("typed_config");
  WEIR_TRY(auto context, unpack_context<tls_v3::DownstreamTlsContext>(message, here));
  const Place common = here.field("common_tls_context");
  WEIR_TRY(Tls tls, read_common(context.common_tls_context(), common));
  tls.where.text = here.describe();
  if (tls.certificates.empty()) {
    return common.error("'tls_certificates' is missing; a server has to show one");
  }
  tls.require_client_certificate = context.require_client_certificate().value();
  tls.require_sni = context.require_sni().value();
  tls.session_tickets = !context.disable_stateless_session_resumption();
  return tls;
}

Result<Tls> read_upstream_tls(const envoy::config::core::v3::TransportSocket& message,
                              const Place& at) {
  const Place here = at.field("typed_config");
  WEIR_TRY(auto context, unpack_context<tls_v3::UpstreamTlsContext>(message, here));
  return read_upstream_tls(context, here);
}

Result<Tls> read_upstream_tls(const tls_v3::UpstreamTlsContext& context, const Place& here) {
  const Place common = here.field("common_tls_context");
  WEIR_TRY(Tls tls, read_common(context.common_tls_context(), common));
  tls.where.text = here.describe();
  // RFC 6066: a host's name.
  if (context.sni().size() > 255) return here.field("sni").error("is longer than 255 bytes");
  tls.sni = context.sni();
  if (context.has_max_session_keys()) {
    if (context.max_session_keys().value() > 1) {
      return here.field("max_session_keys").error("one session is kept, or none");
    }
    tls.keep_session = context.max_session_keys().value() == 1;
  }
  return tls;
}

std::vector<DataSource> sources_of(const Tls& tls) {
  std::vector<DataSource> sources;
  for (const TlsCertificate& certificate : tls.certificates) {
    sources.push_back(certificate.chain);
    sources.push_back(certificate.key);
    if (certificate.password) sources.push_back(*certificate.password);
  }
  if (!tls.validation) return sources;
  if (tls.validation->trusted_ca) sources.push_back(*tls.validation->trusted_ca);
  if (tls.validation->crl) sources.push_back(*tls.validation->crl);
  return sources;
}

}  // namespace weir::config

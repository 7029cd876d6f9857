#include "planes/serve/tls_attributes.h"

#include <string_view>

namespace weir::serve {
namespace {

using runtime::Attribute;
using runtime::PropertyValue;

// No value where there is none.
PropertyValue text(const std::string& value) {
  return value.empty() ? PropertyValue() : PropertyValue(std::string_view(value));
}

// The first of several, as in Envoy.
PropertyValue first_of(const std::vector<std::string>& values) {
  return values.empty() ? PropertyValue() : text(values.front());
}

// What is asked of a certificate.
enum class Asked : uint8_t { Subject, DnsName, Uri, Sha256, Pem };

PropertyValue ask(const std::shared_ptr<const CertificateInfo>& certificate, Asked asked) {
  if (certificate == nullptr) return {};
  switch (asked) {
    case Asked::Subject:
      return text(certificate->subject);
    case Asked::DnsName:
      return first_of(certificate->dns_names);
    case Asked::Uri:
      return first_of(certificate->uris);
    case Asked::Sha256:
      return text(certificate->sha256);
    case Asked::Pem:
      return text(certificate->url_pem);
  }
  return {};
}

}  // namespace

PropertyValue connection_tls_attribute(const TlsInfo& tls, Attribute attribute) {
  switch (attribute) {
    case Attribute::ConnectionRequestedServerName:
      return text(tls.server_name);
    case Attribute::ConnectionTlsVersion:
      return text(tls.version);
    case Attribute::ConnectionSubjectLocalCertificate:
      return ask(tls.local, Asked::Subject);
    case Attribute::ConnectionSubjectPeerCertificate:
      return ask(tls.peer, Asked::Subject);
    case Attribute::ConnectionDnsSanLocalCertificate:
      return ask(tls.local, Asked::DnsName);
    case Attribute::ConnectionDnsSanPeerCertificate:
      return ask(tls.peer, Asked::DnsName);
    case Attribute::ConnectionUriSanLocalCertificate:
      return ask(tls.local, Asked::Uri);
    case Attribute::ConnectionUriSanPeerCertificate:
      return ask(tls.peer, Asked::Uri);
    case Attribute::ConnectionSha256PeerCertificateDigest:
      return ask(tls.peer, Asked::Sha256);
    case Attribute::ConnectionPeerCertificate:
      return ask(tls.peer, Asked::Pem);
    default:
      return {};
  }
}

PropertyValue upstream_tls_attribute(const TlsInfo& tls, Attribute attribute) {
  switch (attribute) {
    case Attribute::UpstreamTlsVersion:
      return text(tls.version);
    case Attribute::UpstreamSubjectLocalCertificate:
      return ask(tls.local, Asked::Subject);
    case Attribute::UpstreamSubjectPeerCertificate:
      return ask(tls.peer, Asked::Subject);
    case Attribute::UpstreamDnsSanLocalCertificate:
      return ask(tls.local, Asked::DnsName);
    case Attribute::UpstreamDnsSanPeerCertificate:
      return ask(tls.peer, Asked::DnsName);
    case Attribute::UpstreamUriSanLocalCertificate:
      return ask(tls.local, Asked::Uri);
    case Attribute::UpstreamUriSanPeerCertificate:
      return ask(tls.peer, Asked::Uri);
    case Attribute::UpstreamSha256PeerCertificateDigest:
      return ask(tls.peer, Asked::Sha256);
    case Attribute::UpstreamPeerCertificate:
      return ask(tls.peer, Asked::Pem);
    default:
      return {};
  }
}

}  // namespace weir::serve

#include "planes/serve/client_cert.h"

#include <string>
#include <string_view>

#include "planes/serve/tls_info.h"

namespace weir::serve {
namespace {

constexpr std::string_view kHeader = "x-forwarded-client-cert";

// One certificate as "key=value;key=value".
class Element {
 public:
  void add(std::string_view key, std::string_view value) {
    const bool plain = value.find_first_of(",;=\"") == std::string_view::npos;
    plain ? begin(key).append(value) : begin(key).append(quoted(value));
  }

  void add_quoted(std::string_view key, std::string_view value) {
    begin(key).append(quoted(value));
  }
  // Quotes and backslashes of the value have a backslash before them already.
  void add_escaped(std::string_view key, std::string_view value) {
    begin(key).append(1, '"').append(value).append(1, '"');
  }

  const std::string& text() const { return text_; }

 private:
  static std::string quoted(std::string_view value) {
    std::string all = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') all += '\\';
      all += c;
    }
    return all += '"';
  }

  std::string& begin(std::string_view key) {
    if (!text_.empty()) text_ += ';';
    return text_.append(key).append("=");
  }

  std::string text_;
};

// In Envoy's order. What was asked for and is empty is told, too, of a subject and a URI.
std::string describe(const config::HttpIdentity::CertDetails& details, const TlsInfo& tls) {
  Element element;
  if (tls.local != nullptr) {
    for (const std::string& uri : tls.local->uris) element.add("By", uri);
  }
  const CertificateInfo& peer = *tls.peer;
  element.add("Hash", peer.sha256);
  if (details.cert) element.add_quoted("Cert", peer.url_pem);
  if (details.subject) element.add_escaped("Subject", peer.subject);
  if (details.uri && peer.uris.empty()) element.add("URI", "");
  if (details.uri) {
    for (const std::string& uri : peer.uris) element.add("URI", uri);
  }
  if (details.dns) {
    for (const std::string& name : peer.dns_names) element.add("DNS", name);
  }
  return element.text();
}

}  // namespace

void forward_client_cert(const config::HttpIdentity& settings, const ConnectionInfo& connection,
                         HeaderList& request) {
  using enum config::HttpIdentity::ClientCert;
  if (settings.client_cert == AlwaysForward) return;
  const bool shown = connection.tls != nullptr && connection.tls->peer != nullptr;
  if (settings.client_cert == Sanitize || !shown) return request.remove(kHeader);
  if (settings.client_cert == Forward) return;

  std::string all;
  if (settings.client_cert == Append) {
    request.for_each([&](std::string_view name, std::string_view value) {
      if (name == kHeader && !value.empty()) all.append(value).append(",");
    });
  }
  all += describe(settings.cert_details, *connection.tls);
  // Where there is no room, nothing is told rather than what the client says.
  if (!request.replace(kHeader, all)) request.remove(kHeader);
}

}  // namespace weir::serve

#include "fetch/route.h"

#include "base/shown_url.h"
#include "fetch/url_parts.h"

namespace weir::fetch {

Fetched<HttpResponse> send_by(const Route& route, HttpRequest request, HttpClient& http,
                              const std::stop_token& stop) {
  const bool follows = std::exchange(request.follow_redirects, false);
  const std::string first = request.url;
  const auto server = parse_url(first);
  for (int redirects = 0;; ++redirects) {
    WEIR_TRY(HttpResponse response, route.send(request, stop));
    if (!follows || response.redirect.empty()) return response;
    const auto next = parse_url(response.redirect);
    if (!server || !next) return response;
    if (server->secure && !next->secure) return leads_from_https(first, response.redirect);
    if (redirects == kMaxRedirects) {
      return final(shown_url(first) + ": more than " + std::to_string(kMaxRedirects) +
                   " redirects");
    }
    request.url = response.redirect;
    if (next->authority != server->authority) {
      request.follow_redirects = true;
      return http.send(request);
    }
  }
}

}  // namespace weir::fetch

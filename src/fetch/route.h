#pragma once
// A way to a server other than by the name in a URL.

#include <stop_token>

#include "fetch/http_client.h"

namespace weir::fetch {

// Leads to servers that somebody else has chosen, a cluster's. Thread: any, several at once.
class Route {
 public:
  virtual ~Route() = default;

  // As HttpClient::send(), but no redirect is followed. The URL says what is asked for, and not who
  // is asked, nor whether by TLS.
  virtual Fetched<HttpResponse> send(const HttpRequest& request,
                                     const std::stop_token& stop) const = 0;
};

// By `route`, and so on where redirects stay with the server in the request's URL; to others by
// their own names. Thread: `http`'s.
Fetched<HttpResponse> send_by(const Route& route, HttpRequest request, HttpClient& http,
                              const std::stop_token& stop);

}  // namespace weir::fetch

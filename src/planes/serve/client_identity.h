#pragma once
// Who has sent a request, and what the proxy says of itself: the headers that Envoy's HTTP
// connection manager keeps.

#include <string>

#include "base/clock.h"
#include "config/bootstrap.h"
#include "planes/serve/exchange.h"
#include "planes/serve/message.h"

namespace weir::serve {

// Sets x-forwarded-for, x-forwarded-proto, x-forwarded-client-cert, x-envoy-external-address,
// x-request-id and via of a request as the settings say, and takes away what only proxies say.
// The answer is who has sent it, as "ip:0", where the request tells and is believed; else empty.
std::string identify_client(const config::HttpIdentity& settings, const ConnectionInfo& connection,
                            HeaderList& request);

// x-forwarded-proto alone, where the request has none.
void set_forwarded_proto(const ConnectionInfo& connection, HeaderList& request);

// `:scheme` of a request that has not said it, after those: what x-forwarded-proto says, where that
// is a scheme of HTTP.
void imply_scheme(HeaderList& request);

// Sets server, via and x-request-id of a response, and date where it has none; `request_id` may be
// empty.
void introduce_proxy(const config::HttpIdentity& settings, const std::string& request_id,
                     const Clock& clock, HeaderList& response);

}  // namespace weir::serve

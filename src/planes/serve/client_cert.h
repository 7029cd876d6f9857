#pragma once
// What a request tells of its client's certificate: x-forwarded-client-cert.

#include "config/bootstrap.h"
#include "planes/serve/exchange.h"
#include "planes/serve/message.h"

namespace weir::serve {

// Keeps, sets or takes away x-forwarded-client-cert as the settings say.
void forward_client_cert(const config::HttpIdentity& settings, const ConnectionInfo& connection,
                         HeaderList& request);

}  // namespace weir::serve

#pragma once
// Tunnels of HTTP/2 (RFC 8441) as HTTP/1.1 has them, and the other way round: a CONNECT request
// that names a protocol is a request to switch to it.

#include <optional>
#include <span>
#include <string>

#include "planes/serve/message.h"

namespace weir::serve {

// What a CONNECT request becomes; nothing where `allowed` (ListenerOptions::upgrades) does not have
// what it asks for, or where it makes no sense.
std::optional<HeaderList> translate_connect(const HeaderList& request,
                                            std::span<const std::string> allowed);

// What the client is told of a response that switches. `gave_key`: it has sent a sec-websocket-key,
// so somebody behind it waits for the answer to that.
void translate_switch(HeaderList& response, bool gave_key);

// What an upstream of HTTP/2 is asked in the place of a request to switch. The key of a WebSocket
// stays, for upstreams that translate it back; HTTP/2 itself does not look at it.
HeaderList translate_upgrade(const HeaderList& request);

// A response of 2xx to that, as one that switches: what `request` has waited for.
struct UpgradeRequest {
  std::string protocol;
  std::string websocket_key;  // empty: none is to be answered
};
void translate_acceptance(const UpgradeRequest& request, HeaderList& response);

}  // namespace weir::serve

#pragma once
// Tunnels of HTTP/2 (RFC 8441) as HTTP/1.1 has them: a CONNECT request that names a protocol is a
// request to switch to it.

#include <optional>
#include <span>
#include <string>

#include "planes/serve/message.h"

namespace weir::serve {

// What a CONNECT request becomes; nothing where `allowed` (ListenerOptions::upgrades) does not have
// what it asks for, or where it makes no sense.
std::optional<HeaderList> translate_connect(const HeaderList& request,
                                            std::span<const std::string> allowed);

// What the client is told of a response that switches.
void translate_switch(HeaderList& response);

}  // namespace weir::serve

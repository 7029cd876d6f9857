#pragma once

#include <optional>

#include "planes/serve/lane.h"
#include "planes/serve/local_reply.h"

namespace weir::serve {

// What the client is answered where a message cannot pass the plugins. Nothing: both can, so far.
std::optional<LocalReply> failure_of(const Lane& request, const Lane& response);

}  // namespace weir::serve

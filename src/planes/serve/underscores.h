#pragma once
// Headers like x_y, which some servers take for x-y: a client could speak for a proxy by them.

#include "config/bootstrap.h"
#include "planes/serve/message.h"

namespace weir::serve {

// False: the request is to be refused. Otherwise what is not allowed is gone.
bool apply_underscores(config::RequestLimits::Underscores rule, HeaderList& request);

}  // namespace weir::serve

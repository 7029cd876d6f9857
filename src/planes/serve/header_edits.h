#pragma once
// What a configuration adds to headers and takes from them.

#include "abi/header_map.h"
#include "config/routes.h"

namespace weir::serve {

// Removes first, then adds in order. A header that does not fit into the list any more is left out.
void edit(abi::HeaderList& headers, const config::HeaderEdits& edits);

}  // namespace weir::serve

#pragma once

#include <string>

namespace weir::serve {

// Random, version 4 (RFC 9562): "f81d4fae-7dec-41d0-a765-00a0c91e6bf6".
std::string make_uuid();

}  // namespace weir::serve

#pragma once
// The plugin in a layer of an image.

#include <string>
#include <string_view>

#include "fetch/failure.h"

namespace weir::fetch {

// The content of plugin.wasm in a tar, plain or compressed by gzip or zstd. A layer that unpacks to
// more than `max_bytes` is refused before it is unpacked.
Fetched<std::string> extract_plugin(std::string_view layer, uint64_t max_bytes);

}  // namespace weir::fetch

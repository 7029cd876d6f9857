#pragma once
// The property `node`: who the proxy is.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace weir::planes {

// Of an envoy.config.core.v3.Node in its wire form, which may be empty: the values of `node` and of
// all below it that it holds, by their paths, segments joined by NUL. As in Envoy, messages are
// their bytes, and what stands in `metadata` is a text, 8 bytes for a number, 1 byte for a boolean,
// a serialized map; items of a list are found by their number.
std::map<std::string, std::string, std::less<>> node_properties(std::string_view node);

}  // namespace weir::planes

#pragma once
// proxy_get_property and proxy_set_property: paths, where their values come from, and their bytes.

#include <string_view>

#include "abi/context.h"
#include "runtime/host.h"
#include "runtime/property.h"
#include "runtime/stream.h"

namespace weir::runtime {

// Where a property's value may come from.
struct PropertySources {
  const Plugin& plugin;
  StreamInfo* stream;  // null in a root context
  HttpStream* http;    // null where the stream is no HTTP stream
  FilterState& filter_state;
};

// `path` has its segments joined by NUL; the names are Envoy's. Values are strings as they are, 1
// byte for a bool, 8 bytes for numbers and times, a serialized map for maps and lists. NOT_FOUND
// where there is no such property, or no value now.
abi::Status get_property(const PropertySources& sources, std::string_view path,
                         abi::ValueSink sink);

// Keeps the value for get_property() under the same path, and for access logs and other plugins of
// the stream. As FilterState::set() answers; `declarations` are the plugin's.
abi::Status set_property(FilterState& filter_state, const PropertyDeclarations& declarations,
                         std::string_view path, std::string_view value);

}  // namespace weir::runtime

#pragma once
// Envoy's attributes of a stream, with the types that its Wasm filter gives them.

#include <span>
#include <string_view>

#include "planes/envoy/http_callbacks.h"
#include "runtime/property.h"

namespace weir::envoy_plane {

// No value: Envoy does not know it now, or does not tell modules. Text is valid until the stream
// goes on.
runtime::PropertyValue envoy_attribute(EnvoyHttpFilter* filter, runtime::Attribute attribute);

// Properties beyond the attributes: metadata, as far as a path leads to a string, number or
// boolean ("metadata.filter_metadata.FILTER.KEY", "xds.route_metadata.filter_metadata...").
runtime::PropertyValue envoy_property(EnvoyHttpFilter* filter,
                                      std::span<const std::string_view> path);

}  // namespace weir::envoy_plane

#pragma once
// The attributes of an HTTP exchange (runtime/property.h), from what the filter chain knows.

#include <string_view>

#include "planes/serve/exchange.h"
#include "runtime/property.h"

namespace weir::serve {

class FilterChain;

// "HTTP/1.1".
std::string_view protocol_name(HttpVersion version);

// No value for what this proxy does not know, or not yet.
runtime::PropertyValue exchange_attribute(const FilterChain& chain, runtime::Attribute attribute);

}  // namespace weir::serve

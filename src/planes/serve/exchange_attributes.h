#pragma once
// The attributes of an HTTP exchange (runtime/property.h), from what the filter chain knows.

#include "runtime/property.h"

namespace weir::serve {

class FilterChain;

// No value for what this proxy does not know, or not yet.
runtime::PropertyValue exchange_attribute(const FilterChain& chain, runtime::Attribute attribute);

}  // namespace weir::serve

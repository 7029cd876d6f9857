#pragma once
// The attributes of connections, whatever passes on them (runtime/property.h).

#include "planes/serve/exchange.h"
#include "runtime/property.h"

namespace weir::serve {

// No value for an attribute of something else.
runtime::PropertyValue connection_attribute(const ConnectionInfo& connection,
                                            runtime::Attribute attribute);
runtime::PropertyValue upstream_attribute(const UpstreamInfo& upstream,
                                          runtime::Attribute attribute);

}  // namespace weir::serve

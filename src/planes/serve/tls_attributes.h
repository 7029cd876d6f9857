#pragma once
// The attributes of secured connections (runtime/property.h).

#include "planes/serve/tls_info.h"
#include "runtime/property.h"

namespace weir::serve {

// No value for an attribute of something else.
runtime::PropertyValue connection_tls_attribute(const TlsInfo& tls, runtime::Attribute attribute);
runtime::PropertyValue upstream_tls_attribute(const TlsInfo& tls, runtime::Attribute attribute);

}  // namespace weir::serve

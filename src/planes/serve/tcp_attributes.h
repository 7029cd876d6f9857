#pragma once
// The attributes of a carried TCP connection (runtime/property.h).

#include "runtime/property.h"

namespace weir::serve {

class TcpSession;

// No value for what this proxy does not know, or not yet, and for what only HTTP has.
runtime::PropertyValue tcp_attribute(const TcpSession& session, runtime::Attribute attribute);

}  // namespace weir::serve

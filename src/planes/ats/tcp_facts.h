#pragma once
// What is known of a carried connection, for attributes.

#include <memory>
#include <string>

#include "planes/serve/exchange.h"
#include "planes/serve/tcp_facts.h"
#include "runtime/property.h"

namespace weir::ats_plane {

struct TcpFacts : serve::TcpFacts {
  serve::ConnectionInfo connection;
  std::unique_ptr<const serve::UpstreamInfo> upstream;  // null: not connected yet
  std::string target;                                   // where it goes
};

// No value for what is not known, or not yet, and for what only HTTP has.
runtime::PropertyValue tcp_attribute(const TcpFacts& facts, runtime::Attribute attribute);

}  // namespace weir::ats_plane

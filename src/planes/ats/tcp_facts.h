#pragma once
// What is known of a carried connection, for attributes.

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "planes/serve/exchange.h"
#include "runtime/property.h"

namespace weir::ats_plane {

struct TcpFacts {
  serve::ConnectionInfo connection;
  std::unique_ptr<const serve::UpstreamInfo> upstream;  // null: not connected yet
  std::string target;                                   // where it goes
  Nanoseconds started_wall{};
  Nanoseconds started{};  // monotonic, as below
  Nanoseconds ended{};    // zero: not yet
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::string details;  // why it has ended; empty: the two sides have
  uint32_t flags = 0;
};

// No value for what is not known, or not yet, and for what only HTTP has.
runtime::PropertyValue tcp_attribute(const TcpFacts& facts, runtime::Attribute attribute);

}  // namespace weir::ats_plane

#pragma once
// What is counted and noted of a carried TCP connection, for its attributes (runtime/property.h).

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "runtime/property.h"

namespace weir::serve {

struct TcpFacts {
  Nanoseconds started_wall{};
  Nanoseconds started{};  // monotonic, as below
  Nanoseconds ended{};    // zero: not yet
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::string details;  // why it has ended; empty: the two sides have
  uint32_t flags = 0;
};

// No value for what is not among the facts, or not yet. Texts are the facts' own.
runtime::PropertyValue fact_attribute(const TcpFacts& facts, runtime::Attribute attribute);

}  // namespace weir::serve

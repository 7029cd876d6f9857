#pragma once
// What is lost once a message in protobuf's wire form is parsed.

#include <google/protobuf/descriptor.h>

#include <string_view>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::config {

// The bytes are to be a message of that type, and stand at `at`. Refuses a field or a map's
// key that is said twice, and two fields of a oneof, of which parsing keeps the last; fields that
// no entry of a map has; and what is nested deeper than a text may be (kMaxDepth). Passes over what
// is malformed, which parsing finds.
Done check_wire_shape(std::string_view bytes, const google::protobuf::Descriptor& type,
                      const Place& at);

}  // namespace weir::config

#pragma once
// What a message needs beyond its types: fields that have to be there, strings that may not be
// empty, numbers within bounds.

#include <google/protobuf/message.h>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::config {

// Checks the fields of `message`, not those of messages within it.
Done check_requirements(const google::protobuf::Message& message, const Place& at);

}  // namespace weir::config

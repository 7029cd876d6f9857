#pragma once
// Sets a field that is no message: numbers, booleans, strings, bytes, enumerations.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.h"
#include "config/document.h"
#include "config/source_map.h"

namespace weir::config {

// Sets `field` of `into`, or adds to it if it is repeated.
Done set_value(const Node& node, google::protobuf::Message& into,
               const google::protobuf::FieldDescriptor& field, const Place& at);

// The same for the key of a map's entry, which is always written as text.
Done set_key(std::string_view key, google::protobuf::Message& into,
             const google::protobuf::FieldDescriptor& field, const Place& at);

// "expected a list, got 'x'".
Error mismatch(const Place& at, std::string_view expected, const Node& got);

}  // namespace weir::config

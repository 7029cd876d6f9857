#pragma once
// Messages of google.protobuf that have a JSON form of their own.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/result.h"
#include "config/document.h"
#include "config/source_map.h"

namespace weir::config {

// Duration, the wrappers of single values, Struct, Value, ListValue; not Any.
bool is_well_known(const google::protobuf::Descriptor& type);

// Whether null is a value of the field, not the field's absence.
bool takes_null(const google::protobuf::FieldDescriptor& field);

Done read_well_known(const Node& node, google::protobuf::Message& into, const Place& at);

}  // namespace weir::config

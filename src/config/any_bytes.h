#pragma once
// What a plugin is given of an Any in its configuration.

#include <google/protobuf/any.pb.h>
#include <google/protobuf/struct.pb.h>

#include <string>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::config {

// A Struct as JSON, a StringValue or BytesValue as its content, any other message in its serialized
// form; nothing for an Any that is not set. The error is for bytes that are not the message they
// claim to be.
Result<std::string> to_plugin_bytes(const google::protobuf::Any& any, const Place& at);

// On one line, keys sorted, so that equal messages give equal text.
std::string to_json(const google::protobuf::Struct& message);
std::string to_json(const google::protobuf::Value& value);

}  // namespace weir::config

#pragma once
// A configuration for people to look at.

#include <string>

#include "base/result.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace weir::config {

// The message in protobuf's JSON, fields named as in .proto files. Keys, passwords and credentials
// of registries that stand in it are "[redacted]"; messages of types that are not known here are
// told as their bytes (BytesValue).
Result<std::string> to_shown_json(const google::protobuf::Message& message);

}  // namespace weir::config

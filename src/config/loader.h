#pragma once
// Reads a message out of YAML, JSON or its wire form, strictly: what the message has not, or has
// twice, or cannot hold, is an error that says where it stands.

#include <string_view>

#include "base/result.h"
#include "config/source_map.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace weir::config {

// Fills `into`, which is empty, by the JSON mapping of proto3; field names may be written as
// lowerCamelCase or as in the .proto file. An Any has the type's URL under "@type" and is read as
// strictly as the rest. A file whose name ends in ".pb" holds the message in protobuf's wire form
// (binary_reader.h). Then checks what every message of that type needs (requirements.h).
//
// An error is one line: "envoy.yaml:14:9: admin.adress: unknown field; did you mean 'address'?".
// `map` learns where each field stands, for errors found later; it has been made with the file's
// name.
Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into, SourceMap& map);
Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into);

}  // namespace weir::config

#pragma once
// Fields of Envoy's messages about plugins that Weir refuses, each with the reason.

#include <string_view>

namespace google::protobuf {
class Descriptor;
}  // namespace google::protobuf

namespace weir::config {

struct UnsupportedField {
  std::string_view message;    // its full name
  std::string_view name;       // as in a .proto file
  std::string_view json_name;  // as in JSON
  int number;
  std::string_view why;  // what an error says after the field's path, with the remedy
};

// Null: the field is not one of these.
const UnsupportedField* find_unsupported(const google::protobuf::Descriptor& type,
                                         std::string_view name);
const UnsupportedField* find_unsupported(const google::protobuf::Descriptor& type, int number);

}  // namespace weir::config

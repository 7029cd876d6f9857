#pragma once
// Messages in protobuf's wire form.

#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace weir::config {

// Fills `into`, which is empty, as deep as configurations may nest (kMaxDepth). False: the bytes
// are no such message, or larger than a configuration may be.
bool parse_wire_form(std::string_view bytes, google::protobuf::Message& into);

// Equal messages give equal bytes.
std::string to_wire_form(const google::protobuf::Message& message);

}  // namespace weir::config

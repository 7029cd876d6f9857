#pragma once
// The messages that an Any of a configuration may hold.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/source_map.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace weir::config {

// A new message of that type, or null. `type_url` is "type.googleapis.com/" and a message's full
// name, whatever stands before the last slash.
std::unique_ptr<google::protobuf::Message> make_message(std::string_view type_url);

// The full names.
const std::vector<std::string>& known_types();

// Whether an Any in that field is for the plugin to understand, unless it holds one of protobuf's
// own messages with a JSON form.
bool is_plugins_own(const google::protobuf::FieldDescriptor& field);

// Of a type that make_message() does not know. `at` is where the URL stands.
// What is near it, or all that may be; for a plugin's own configuration first what Protobuf has for
// such.
enum class TypeOf : uint8_t { Extension, Configuration };
Error unknown_type(std::string_view type_url, const Place& at, TypeOf what = TypeOf::Extension);

}  // namespace weir::config

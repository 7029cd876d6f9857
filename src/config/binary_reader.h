#pragma once
// Reads a message out of protobuf's wire form as strictly as out of a text.

#include <string_view>

#include "base/result.h"
#include "config/source_map.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace weir::config {

// Fills `into`, which is empty; `at` is where it stands. What the message's type has not is an
// error, at any depth and inside of every Any: "weir.pb: admin: Admin has no field 9". Save for the
// configuration of a plugin: a message there that Weir does not read is for the plugin to
// understand. Then checks what every message of that type needs (requirements.h).
Done read_binary(std::string_view bytes, google::protobuf::Message& into, const Place& at);

}  // namespace weir::config

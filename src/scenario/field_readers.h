#pragma once
// Parts that many messages of a scenario file have: headers, bodies, properties.

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/source_map.h"
#include "scenario/script.h"

namespace weir::scenario {

using Strings = google::protobuf::RepeatedPtrField<std::string>;
using Values = google::protobuf::Map<std::string, google::protobuf::Value>;

Result<std::vector<Field>> read_headers(const Strings& lines, const config::Place& at);

// A text, or bytes, not both. `name` is the field of the text; that of the bytes is called the same
// with "_base64" behind.
Result<std::string> read_text(const std::string& text, const std::string& bytes,
                              std::string_view name, const config::Place& at);

// Pieces of text, or of bytes, not both. `name` is the field of the texts; that of the bytes is
// called the same with "_base64" behind.
Result<std::vector<std::string>> read_pieces(const Strings& texts, const Strings& bytes,
                                             std::string_view name, const config::Place& at);

Result<Properties> read_properties(const Values& values, const config::Place& at);

// Not negative.
Result<Milliseconds> read_duration(const google::protobuf::Duration& duration,
                                   const config::Place& at);

Result<std::shared_ptr<const re2::RE2>> read_expression(const std::string& text,
                                                        const config::Place& at);

}  // namespace weir::scenario

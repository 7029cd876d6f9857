#pragma once
// Headers as scenario files write them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/header_map.h"
#include "base/result.h"

namespace weir::scenario {

using Field = std::pair<std::string, std::string>;

// That of a header, or of a pseudo-header (":path").
bool is_header_name(std::string_view name);

// "name: value", also of a pseudo-header (":path: /"). The name in lower case; white space around
// the value is not part of it.
Result<Field> parse_header_line(std::string_view line);

// "name: value" of each, for messages.
std::string to_line(std::string_view name, std::string_view value);

// The list has room for what a file can hold.
abi::HeaderList to_list(const std::vector<Field>& fields);

}  // namespace weir::scenario

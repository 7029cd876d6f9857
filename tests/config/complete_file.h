#pragma once
// A configuration that can be served, with one of its messages written by the test.

#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

// The messages that complete_file() has a place for: "VmConfig", "Route", "Limits".
std::vector<std::string_view> messages();

// A bootstrap in YAML. The message `name` has the entries of `text` (block style, from column 0 on)
// beside those that it has anyway; one of the same key stands in place of the latter, and a line
// "-key" takes that entry away.
std::string complete_file(std::string_view name, std::string_view text);

// The path of the message in there: "static_resources.listeners[0]"; empty for Bootstrap.
std::string path_of(std::string_view name);

}  // namespace weir::test

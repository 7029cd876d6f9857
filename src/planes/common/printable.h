#pragma once
// Lines fit for a log, whatever a plugin put into them.

#include <string>
#include <string_view>

namespace weir::planes {

// Whether there are no control characters in it, save tabs.
bool is_printable(std::string_view line);

// `line` with every control character, save tabs, as \xNN.
std::string printable(std::string_view line);

}  // namespace weir::planes

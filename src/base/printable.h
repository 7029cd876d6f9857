#pragma once
// Lines fit for a log, whatever a plugin put into them.

#include <string>
#include <string_view>

namespace weir {

// Whether the line is UTF-8 without control characters, save tabs.
bool is_printable(std::string_view line);

// `line` with every byte of a control character, save tabs, and of what is no UTF-8 as \xNN.
std::string printable(std::string_view line);

// The beginning of `text`, of at most `bytes`, that ends with a whole character where it is UTF-8.
std::string_view first_bytes(std::string_view text, size_t bytes);

}  // namespace weir

#pragma once
// Text in XML files, whatever a plugin put into it.

#include <string>
#include <string_view>

namespace weir::cli {

// `text` as the text of an element or attribute. What XML 1.0 has no place for, as control
// characters save tabs and line ends, or bytes that are no UTF-8, stands there as \xNN for each
// byte.
std::string xml_text(std::string_view text);

}  // namespace weir::cli

#include "scenario/header_line.h"

#include "base/check.h"
#include "base/lower_case.h"
#include "planes/common/field_rules.h"

namespace weir::scenario {

bool is_header_name(std::string_view name) {
  return planes::is_valid_name(name.substr(name.starts_with(':') ? 1 : 0));
}

Result<Field> parse_header_line(std::string_view line) {
  // A pseudo-header's name begins with the colon.
  const size_t colon = line.find(':', 1);
  if (colon == std::string_view::npos || colon == 0) {
    return Error{ErrorCode::BadConfig, "is no header; write 'name: value'"};
  }
  std::string_view value = line.substr(colon + 1);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  const std::string_view name = line.substr(0, colon);
  if (!is_header_name(name)) {
    return Error{ErrorCode::BadConfig,
                 "has a name with a character that no header's name has; write 'name: value'"};
  }
  if (!planes::is_valid_value(value)) {
    return Error{ErrorCode::BadConfig, "has a control character in its value, which no header has"};
  }
  return Field{lower_case(name), std::string(value)};
}

std::string to_line(std::string_view name, std::string_view value) {
  return std::string(name).append(": ").append(value);
}

abi::HeaderList to_list(const std::vector<Field>& fields) {
  // A file is at most as large as 16 MiB.
  abi::HeaderList list({.max_bytes = 64u << 20, .max_count = 1u << 20});
  for (const auto& [name, value] : fields) WEIR_CHECK(list.add(name, value));
  return list;
}

}  // namespace weir::scenario

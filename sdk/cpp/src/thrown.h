#pragma once
// What is said of an exception that ends an instance.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace weir_sdk {

// The name of a type, from what std::type_info::name() has of it: "std::runtime_error". One with
// templates in it stays as it is.
inline std::string readable_type(std::string_view mangled) {
  constexpr std::pair<std::string_view, std::string_view> kBuiltIn[] = {
      {"i", "int"},  {"j", "unsigned"}, {"l", "long"},   {"m", "unsigned long"},
      {"b", "bool"}, {"c", "char"},     {"d", "double"}, {"PKc", "const char*"}};
  for (const auto& [letters, name] : kBuiltIn) {
    if (mangled == letters) return std::string(name);
  }
  constexpr std::string_view kStd = "St";
  std::string_view rest = mangled;
  std::string name;
  if (rest.size() > 1 && rest.front() == 'N' && rest.back() == 'E') {
    rest = rest.substr(1, rest.size() - 2);
  }
  if (rest.substr(0, kStd.size()) == kStd) {
    name = "std";
    rest.remove_prefix(kStd.size());
  }
  while (!rest.empty()) {
    size_t size = 0;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9' && size <= mangled.size()) {
      size = size * 10 + static_cast<size_t>(rest.front() - '0');
      rest.remove_prefix(1);
    }
    if (size == 0 || size > rest.size()) return std::string(mangled);
    const std::string_view part = rest.substr(0, size);
    rest.remove_prefix(size);
    // Namespaces that no author writes: the library's version, and those without a name.
    if (part.substr(0, 2) == "__" || part.substr(0, 8) == "_GLOBAL_") continue;
    if (!name.empty()) name += "::";
    name += part;
  }
  return name.empty() ? std::string(mangled) : name;
}

}  // namespace weir_sdk

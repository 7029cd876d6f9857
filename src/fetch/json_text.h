#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace weir::fetch {

// The member `name` of an object. Empty where it is absent or no text.
inline std::string text_at(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace weir::fetch

#pragma once
// The names that properties have, and what each stands for.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "abi/types.h"
#include "runtime/property.h"

namespace weir::runtime {

// What the runtime knows of the plugin itself.
enum class PluginProperty : uint8_t { Name, RootId, VmId };

// A part of request.path: what comes before its query, or the query.
enum class PathPart : uint8_t { UrlPath, Query };

// A request header under another name.
struct HeaderProperty {
  std::string_view header;
};

// Nothing: no property is known by that name as a whole.
using KnownProperty =
    std::variant<std::monostate, PluginProperty, Attribute, HeaderProperty, abi::MapType, PathPart>;

// `name` has the path's segments joined by '.'.
KnownProperty find_property(std::string_view name);

// All names that find_property() knows.
std::vector<std::string> known_property_names();

// No name that find_property() knows is longer.
inline constexpr size_t kLongestPropertyName = 48;

}  // namespace weir::runtime

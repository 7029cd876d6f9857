#pragma once
// The names that a list of allowed capabilities may have.

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

// Hostcalls, WASI functions and callbacks of all versions of the ABI: what a configuration can
// allow or withhold. The tables of src/abi have the same names; a test of the planes, which see
// both, holds that.
const std::vector<std::string>& capability_names();

// Whether the name is one of those, or one that means nothing to Weir but is no mistake: the start
// functions and the allocator of a module, which nothing withholds, and what only Envoy has.
bool is_capability_name(std::string_view name);

}  // namespace weir::config

#pragma once
// From what routes say of HTTP filters to settings.

#include <google/protobuf/any.pb.h>
#include <google/protobuf/map.h>

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/routes.h"
#include "config/source_map.h"

namespace weir::config {

// `filters` are the names that there are; `at` is where the map stands.
Result<std::vector<FilterSwitch>> read_filter_switches(
    const google::protobuf::Map<std::string, google::protobuf::Any>& messages,
    const std::set<std::string>& filters, const Place& at);

}  // namespace weir::config

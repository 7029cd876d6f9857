#pragma once
// From the messages that say where bytes are to their settings.

#include <string_view>

#include "base/result.h"
#include "config/plugin_config.h"
#include "config/source_map.h"

namespace envoy::config::core::v3 {
class DataSource;
}  // namespace envoy::config::core::v3

namespace weir::config {

// `example` is a file's name, for the error where no place is given.
Result<DataSource> read_data_source(const envoy::config::core::v3::DataSource& source,
                                    const Place& at, std::string_view example);

}  // namespace weir::config

#pragma once
// From the messages of services to their settings.

#include <google/protobuf/repeated_ptr_field.h>

#include <vector>

#include "base/result.h"
#include "config/bootstrap.h"
#include "config/plugin_reader.h"
#include "config/source_map.h"
#include "weir/envoy/extension.pb.h"

namespace weir::config {

// Meets requirements.h.
Result<std::vector<Service>> read_services(
    const google::protobuf::RepeatedPtrField<envoy::config::core::v3::TypedExtensionConfig>&
        messages,
    const Environment& environment, const Place& at);

}  // namespace weir::config

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

// That no singleton's VM is another plugin's too: it runs on a thread of its own. Begins its error
// with the service's place.
Done check_singletons(const ServeSettings& settings);

}  // namespace weir::config

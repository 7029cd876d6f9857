#pragma once
// What a file or a scenario says of a plugin's surroundings.

#include "base/result.h"
#include "config/source_map.h"
#include "scenario/script.h"
#include "weir/scenario/v1/scenario.pb.h"

namespace weir::scenario {

// Adds to `world`, in the place of what is there under the same name.
Done read_world(const v1::Suite& suite, const config::Place& at, World& world);
Done read_world(const v1::Scenario& scenario, const config::Place& at, World& world);

Result<Message> read_request(const v1::Request& request, const config::Place& at);
Result<Message> read_response(const v1::Response& response, const config::Place& at);

}  // namespace weir::scenario

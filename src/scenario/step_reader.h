#pragma once
// The steps of a scenario file.

#include <vector>

#include "base/result.h"
#include "config/source_map.h"
#include "scenario/expectation_reader.h"
#include "scenario/script.h"
#include "weir/scenario/v1/scenario.pb.h"

namespace weir::scenario {

// Checks what steps say of each other, too: an answer needs an exchange that waits for it.
Result<std::vector<Step>> read_steps(const google::protobuf::RepeatedPtrField<v1::Step>& steps,
                                     const config::Place& at, const ExpectedFiles& files);

}  // namespace weir::scenario

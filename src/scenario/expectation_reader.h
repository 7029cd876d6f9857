#pragma once
// What a step of a scenario file expects.

#include <filesystem>

#include "base/result.h"
#include "config/source_map.h"
#include "scenario/expectations.h"
#include "weir/scenario/v1/scenario.pb.h"

namespace weir::scenario {

// Files that it names are read, from `base_dir`.
Result<Expectations> read_expectations(const v1::Expect& expect, const config::Place& at,
                                       const std::filesystem::path& base_dir);

}  // namespace weir::scenario

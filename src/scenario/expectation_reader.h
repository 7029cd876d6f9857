#pragma once
// What a step of a scenario file expects.

#include <filesystem>

#include "base/result.h"
#include "config/source_map.h"
#include "scenario/expectations.h"
#include "weir/scenario/v1/scenario.pb.h"

namespace weir::scenario {

// Files that expectations name.
struct ExpectedFiles {
  std::filesystem::path base_dir;  // where relative paths start
  bool must_exist = true;          // else one that is not there is as one without bytes
};

// Files that it names are read.
Result<Expectations> read_expectations(const v1::Expect& expect, const config::Place& at,
                                       const ExpectedFiles& files);

}  // namespace weir::scenario

#pragma once
// Golden files of a run, looked at before anything runs.

#include <span>

#include "base/result.h"
#include "scenario/golden.h"
#include "scenario/script.h"

namespace weir::scenario {

// An error for a golden file that is another scenario's too, that the run itself reads (a file of
// scenarios, a plugin), or that cannot be read, or written where that is the mode.
Done check_golden_files(std::span<const Suite> suites, GoldenMode mode);

// Whether both are the same file, or will be once they are there.
bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace weir::scenario

#pragma once
// The distributions of `weir bench` as a picture.

#include <string>

#include "cli/bench_report.h"

namespace weir::cli {

// An SVG: for each callback a bar for each engine, from its fastest call to its 99th percentile,
// with a box from the median to the 90th, on a logarithmic axis.
std::string to_svg(const BenchReport& report);

}  // namespace weir::cli

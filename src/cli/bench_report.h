#pragma once
// What `weir bench` tells: engines side by side.

#include <string>
#include <vector>

#include "scenario/bench.h"

namespace weir::cli {

struct BenchReport {
  std::string plugin;
  std::string scenario;
  std::vector<scenario::BenchResult> results;  // at least one
  std::vector<std::string> skipped;            // engines that are not there, and why
};

// "850 ns", "1.25 us", "12.3 ms": three digits.
std::string duration_text(double nanoseconds);

// A table with a column for each engine.
std::string to_table(const BenchReport& report);
std::string to_json(const BenchReport& report);

// The names of callbacks that any engine has run, in order.
std::vector<std::string> callbacks_of(const BenchReport& report);

}  // namespace weir::cli

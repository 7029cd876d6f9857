#pragma once
// What `weir test` tells of the scenarios it has run.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace weir::cli {

struct TestCase {
  std::string file;
  std::string engine;
  std::string name;
  std::vector<std::string> findings;  // empty: it passed
  std::vector<std::string> notes;     // of one that did not pass
  Nanoseconds time{0};                // on the wall
};

// An engine that was asked for by `all`, and is not there.
struct SkippedEngine {
  std::string engine;
  std::string reason;
};

struct TestReport {
  std::vector<TestCase> cases;
  std::vector<SkippedEngine> skipped;

  size_t failed() const;
};

// "  passed  wasmtime  name (3 ms)", and for one that failed what is not as expected.
std::string to_text(const TestCase& test);
// "7 passed, 1 failed", and which engines were not there.
std::string summary_of(const TestReport& report);
// For continuous integration: a <testsuite> for each file and engine.
std::string to_junit(const TestReport& report);

}  // namespace weir::cli

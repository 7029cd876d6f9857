// Real plugins whose streams have an instance each: to clients and upstreams they do what they do
// in a shared one, and every engine goes on from the same state in the same way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <regex>

#include "differential/cases.h"

namespace weir::test {
namespace {

using runtime::Isolation;

// A case, less what streams do to each other: there they count, or ask their root.
Case alone(const Case& test) {
  Case out = test;
  std::erase_if(out.exchanges, [](const Exchange& exchange) {
    constexpr std::array kTogether{"/lifecycle", "/tick", "/queue", "/pause-until-tick"};
    return std::ranges::any_of(
        kTogether, [&](std::string_view path) { return exchange.path.starts_with(path); });
  });
  return out;
}

// Those that are quick; the rest differ from them in traffic only.
std::vector<Case> quick_cases() {
  std::vector<Case> chosen;
  for (const Case& test : cases()) {
    if (test.name != "http_all_malloc" && test.name != "endless_recursion") chosen.push_back(test);
  }
  return chosen;
}

// Whether every engine compiles it within a few seconds.
bool is_small(const Case& test) {
  return std::filesystem::file_size(std::string(WEIR_GUESTS "/") + test.guest + ".wasm") < 64'000;
}

// What clients and upstreams see, less how many streams a plugin says that its instance has seen.
std::vector<std::string> outside(std::vector<std::string> lines) {
  static const std::regex kSeen(R"(x-seen="\d+")");
  std::erase_if(lines, [](const std::string& line) { return line.starts_with("log "); });
  for (std::string& line : lines) line = std::regex_replace(line, kSeen, "x-seen");
  return lines;
}

class IsolatedPluginTest : public testing::TestWithParam<Case> {};

TEST_P(IsolatedPluginTest, DoesOutsideWhatItDoesInASharedInstance) {
  const Case test = alone(GetParam());
  const auto shared = outside(run(test, reference(), Isolation::Shared, Calls::Untold));
  const auto isolated = outside(run(test, reference(), Isolation::Stream, Calls::Untold));
  const std::string difference = first_difference(shared, isolated);
  EXPECT_TRUE(difference.empty()) << difference;
}

TEST_P(IsolatedPluginTest, DoesTheSameOnEveryEngine) {
  const auto expected = run(GetParam(), reference(), Isolation::Stream);
  for (const Contender& contender : contenders()) {
    // WAMR's compilers take ten seconds for an image of a Rust plugin, and more for a Go one.
    if (contender.name.starts_with("wamr_") && !is_small(GetParam())) {
      std::cerr << "not tested: " << contender.name << " compiles the image of " << GetParam().name
                << " too slowly for a test\n";
      continue;
    }
    const std::string difference =
        first_difference(expected, run(GetParam(), contender, Isolation::Stream));
    EXPECT_TRUE(difference.empty()) << contender.name << ": " << difference;
  }
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, IsolatedPluginTest, testing::ValuesIn(quick_cases()), case_name);

}  // namespace
}  // namespace weir::test

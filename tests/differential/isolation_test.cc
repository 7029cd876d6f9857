// Real plugins whose streams have an instance each: to clients and upstreams they do what they do
// in a shared one, and every engine goes on from the same state in the same way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
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

// Those that are quick; the rest differ from them in traffic only, or in their SDK.
std::vector<Case> quick_cases() {
  std::vector<Case> chosen;
  for (const Case& test : cases()) {
    const bool is_another = test.name.starts_with("cpp_sdk_") || test.name.starts_with("tcp_all_");
    if (test.name != "http_all_malloc" && test.name != "endless_recursion" && !is_another) {
      chosen.push_back(test);
    }
  }
  return chosen;
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

using Parameter = std::tuple<Case, Contender>;
class IsolatedOnEngineTest : public testing::TestWithParam<Parameter> {};

const std::vector<std::string>& expected_isolated(const Case& test) {
  static std::map<std::string, std::vector<std::string>> kept;
  auto [found, is_new] = kept.try_emplace(test.name);
  if (is_new) found->second = run(test, reference(), Isolation::Stream);
  return found->second;
}

TEST_P(IsolatedOnEngineTest, DoesTheSameOnThisEngine) {
  const auto& [test, contender] = GetParam();
  const std::string reason = left_out(test, contender, Isolation::Stream);
  if (!reason.empty()) GTEST_SKIP() << reason;
  const std::string difference =
      first_difference(expected_isolated(test), run(test, contender, Isolation::Stream));
  EXPECT_TRUE(difference.empty()) << difference;
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

std::string isolated_name(const testing::TestParamInfo<Parameter>& info) {
  std::string name = std::get<0>(info.param).name;
  return name.append("_on_").append(std::get<1>(info.param).name);
}

INSTANTIATE_TEST_SUITE_P(All, IsolatedPluginTest, testing::ValuesIn(quick_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(All, IsolatedOnEngineTest,
                         testing::Combine(testing::ValuesIn(quick_cases()),
                                          testing::ValuesIn(contenders())),
                         isolated_name);

}  // namespace
}  // namespace weir::test

// Real plugins, by every toolchain, do the same on every engine: the same calls with the same
// arguments, the same answers, the same bytes out, and the same bytes in memory each time they stop
// running.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "differential/cases.h"

namespace weir::test {
namespace {

const std::vector<std::string>& expected(const Case& test) {
  static std::map<std::string, std::vector<std::string>> kept;
  auto [found, is_new] = kept.try_emplace(test.name);
  if (is_new) found->second = run(test, reference());
  return found->second;
}

using Parameter = std::tuple<Case, Contender>;
class PluginTest : public testing::TestWithParam<Parameter> {};

TEST_P(PluginTest, DoesTheSameOnThisEngine) {
  const auto& [test, contender] = GetParam();
  const std::string reason = left_out(test, contender, runtime::Isolation::Shared);
  if (!reason.empty()) GTEST_SKIP() << reason;
  const std::string difference = first_difference(expected(test), run(test, contender));
  EXPECT_TRUE(difference.empty()) << difference;
}

std::string test_name(const testing::TestParamInfo<Parameter>& info) {
  std::string name = std::get<0>(info.param).name;
  return name.append("_on_").append(std::get<1>(info.param).name);
}

INSTANTIATE_TEST_SUITE_P(All, PluginTest,
                         testing::Combine(testing::ValuesIn(cases()),
                                          testing::ValuesIn(contenders())),
                         test_name);

}  // namespace
}  // namespace weir::test

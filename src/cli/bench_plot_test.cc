#include "cli/bench_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

BenchReport report() {
  scenario::BenchResult fast{.engine = "fast", .version = "1"};
  fast.callbacks["proxy_on_request_headers"] = {
      .count = 9, .min = 100, .median = 1000, .p90 = 10'000, .p99 = 10'000, .max = 50'000};
  scenario::BenchResult broken{.engine = "broken", .version = "2", .failure = "it trapped"};
  return {.plugin = "a<b", .scenario = "usual", .results = {fast, broken}, .skipped = {"c: gone"}};
}

TEST(BenchReportTest, DurationsHaveThreeDigits) {
  EXPECT_EQ(duration_text(850), "850 ns");
  EXPECT_EQ(duration_text(1250), "1.25 us");
  EXPECT_EQ(duration_text(12'345'678), "12.3 ms");
  EXPECT_EQ(duration_text(123e9), "123 s");
}

TEST(BenchReportTest, TheTableTellsWhatFailedAndWhatIsNotThere) {
  const std::string table = to_table(report());
  EXPECT_THAT(table, HasSubstr("skipped engine c: gone\n"));
  EXPECT_THAT(table, HasSubstr("FAILED on broken: it trapped\n"));
  EXPECT_THAT(table, HasSubstr("100 ns / 1.00 us / 10.0 us / 10.0 us"));
}

// The name is that of a file.
TEST(BenchPlotTest, IsXmlWhateverThePluginIsCalled) {
  BenchReport odd = report();
  odd.plugin = "a\xff\x1b\uFFFF&";
  EXPECT_THAT(to_svg(odd), HasSubstr(">a\\xff\\x1b\\xef\\xbf\\xbf&amp;: fastest"));
}

TEST(BenchPlotTest, BarsLieOnALogarithmicAxisOfWholePowers) {
  const std::string svg = to_svg(report());
  EXPECT_THAT(svg, HasSubstr("a&lt;b: fastest"));
  EXPECT_THAT(svg, HasSubstr(">100 ns</text>"));
  EXPECT_THAT(svg, HasSubstr(">10.0 us</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("broken")));
  // From the axis' left end to its right one; the box from its middle on.
  EXPECT_THAT(svg, HasSubstr("<line x1=\"300.0\" y1=\"67.0\" x2=\"940.0\""));
  EXPECT_THAT(svg, HasSubstr("<rect x=\"620.0\""));
}

}  // namespace
}  // namespace weir::cli

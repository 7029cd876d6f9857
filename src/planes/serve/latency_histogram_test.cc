#include "planes/serve/latency_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace weir::serve::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class LatencyHistogramTest : public ::testing::Test {
 protected:
  uint64_t below(const std::string& bound) {
    totals = {};
    totals.add(here);
    totals.add(there);
    for (const auto& [text, count] : totals.reading().below) {
      if (text == bound) return count;
    }
    ADD_FAILURE() << "no bound " << bound;
    return 0;
  }

  LatencyHistogram here;
  LatencyHistogram there;
  LatencyTotals totals;
};

TEST_F(LatencyHistogramTest, AddsWorkersUp) {
  here.record(Milliseconds(3));
  there.record(Milliseconds(70));
  there.record(Nanoseconds(999'999));
  EXPECT_EQ(below("0.5"), 1U);
  EXPECT_EQ(below("1"), 1U);
  EXPECT_EQ(below("5"), 2U);
  EXPECT_EQ(below("50"), 2U);
  EXPECT_EQ(below("100"), 3U);
  EXPECT_EQ(below("3600000"), 3U);
  EXPECT_EQ(totals.reading().sum, 73U);
  EXPECT_EQ(totals.reading().count, 3U);
}

TEST_F(LatencyHistogramTest, TellsQuantilesAsEnvoyDoes) {
  EXPECT_THAT(totals.reading().quantiles, IsEmpty());
  for (int ms = 1; ms <= 200; ++ms) here.record(Milliseconds(ms));
  totals.add(here);
  EXPECT_THAT(totals.reading().quantiles,
              ElementsAre(Pair("0", 1), Pair("25", 50), Pair("50", 100), Pair("75", 150),
                          Pair("90", 180), Pair("95", 190), Pair("99", 190), Pair("99.5", 190),
                          Pair("99.9", 200), Pair("100", 200)));
}

TEST_F(LatencyHistogramTest, WhatTakesLongerThanAllIsCounted) {
  here.record(std::chrono::hours(24 * 365));
  here.record(Nanoseconds(-1));
  EXPECT_EQ(below("3600000"), 1U);
  EXPECT_EQ(totals.reading().count, 2U);
}

TEST_F(LatencyHistogramTest, KeepsTwoDigits) {
  here.record(Milliseconds(2'549));
  EXPECT_EQ(below("2500"), 0U);
  EXPECT_EQ(below("5000"), 1U);
  EXPECT_EQ(totals.reading().sum, 2'549U);
  EXPECT_THAT(totals.reading().quantiles, Contains(Pair("50", 2'500)));
}

}  // namespace
}  // namespace weir::serve::test

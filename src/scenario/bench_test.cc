#include "scenario/bench.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weir::scenario {
namespace {

TEST(DistributionTest, PercentilesAreValuesThatWereMeasured) {
  std::vector<uint64_t> values(200);
  std::iota(values.rbegin(), values.rend(), 1);
  const Distribution all = distribution_of(values);
  EXPECT_EQ(all.count, 200u);
  EXPECT_EQ(all.min, 1u);
  EXPECT_EQ(all.median, 100u);
  EXPECT_EQ(all.p90, 180u);
  EXPECT_EQ(all.p99, 198u);
  EXPECT_EQ(all.max, 200u);
}

TEST(DistributionTest, OfOneValueAllAreThatOne) {
  const Distribution one = distribution_of({7});
  EXPECT_EQ(one.min, 7u);
  EXPECT_EQ(one.median, 7u);
  EXPECT_EQ(one.p99, 7u);
}

TEST(DistributionTest, OfNothingIsNothing) { EXPECT_EQ(distribution_of({}).count, 0u); }

}  // namespace
}  // namespace weir::scenario

#include "runtime/metric_table.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

TEST(MetricTableTest, ATableBeginsWithAnothersNumbers) {
  MetricStore store;
  Metric& first = *store.define(MetricType::Counter, "first");
  Metric& second = *store.define(MetricType::Gauge, "second");
  MetricTable inherited;
  const uint32_t number = inherited.add(first);
  MetricTable table(&inherited);
  EXPECT_EQ(table.find(number), &first);
  EXPECT_EQ(table.add(first), number);
  const uint32_t own = table.add(second);
  EXPECT_NE(own, number);
  EXPECT_EQ(table.find(own), &second);
  EXPECT_EQ(inherited.find(own), nullptr);
}

TEST(MetricTableTest, ANumberHasOneType) {
  MetricStore store;
  MetricTable table;
  const uint32_t number = table.add(*store.define(MetricType::Counter, "metric"));
  EXPECT_EQ(table.find(number + 1), nullptr);
  EXPECT_EQ(table.find(UINT32_MAX), nullptr);
}

}  // namespace
}  // namespace weir::runtime

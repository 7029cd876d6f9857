#include "runtime/metrics.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::runtime {
namespace {

TEST(MetricStoreTest, ANameHasOneMetricAndOneType) {
  MetricStore store;
  Metric* counter = store.define(MetricType::Counter, "m");
  ASSERT_NE(counter, nullptr);
  EXPECT_EQ(store.define(MetricType::Counter, "m"), counter);
  EXPECT_EQ(store.define(MetricType::Gauge, "m"), nullptr);
  EXPECT_EQ(counter->type(), MetricType::Counter);
}

TEST(MetricStoreTest, CountersAndGaugesHoldANumber) {
  MetricStore store;
  Metric* gauge = store.define(MetricType::Gauge, "g");
  gauge->add(5);
  gauge->add(-2);
  EXPECT_EQ(gauge->value(), 3u);
  gauge->record(100);
  EXPECT_EQ(gauge->value(), 100u);
}

TEST(MetricStoreTest, AHistogramCountsItsValues) {
  MetricStore store;
  Metric* histogram = store.define(MetricType::Histogram, "h");
  for (uint64_t value : {0u, 1u, 7u}) histogram->record(value);
  EXPECT_EQ(histogram->value(), 3u);
  EXPECT_EQ(store.to_text(), "h: 3 sum=8\n");
}

TEST(MetricStoreTest, PrometheusGetsFitNamesTypesAndBuckets) {
  MetricStore store;
  store.define(MetricType::Counter, "a.b-c")->add(2);
  Metric* histogram = store.define(MetricType::Histogram, "h");
  histogram->record(1);
  histogram->record(7);
  histogram->record(UINT64_MAX);
  EXPECT_EQ(store.to_prometheus(),
            "# TYPE weir_a_b_c counter\nweir_a_b_c 2\n"
            "# TYPE weir_h histogram\n"
            "weir_h_bucket{le=\"1\"} 1\nweir_h_bucket{le=\"7\"} 2\n"
            "weir_h_bucket{le=\"18446744073709551615\"} 3\nweir_h_bucket{le=\"+Inf\"} 3\n"
            "weir_h_sum 7\nweir_h_count 3\n");
}

TEST(MetricStoreTest, MetricsAreBounded) {
  MetricStore store;
  for (size_t i = 0; i < MetricStore::kMaxMetrics; ++i) {
    ASSERT_NE(store.define(MetricType::Counter, std::to_string(i)), nullptr);
  }
  EXPECT_EQ(store.define(MetricType::Counter, "one more"), nullptr);
  EXPECT_NE(store.define(MetricType::Counter, "0"), nullptr);
}

}  // namespace
}  // namespace weir::runtime

#include "runtime/metrics.h"

#include "runtime/metric_quota.h"

#include <gmock/gmock.h>
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

TEST(MetricStoreTest, ANameMakesNoLineOfItsOwn) {
  MetricStore store;
  Metric* counter = store.define(MetricType::Counter, "listener.a\nb.total");
  EXPECT_EQ(store.define(MetricType::Counter, "listener.a\nb.total"), counter);
  EXPECT_EQ(store.to_text(), "listener.a_b.total: 0\n");
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

TEST(MetricStoreTest, WhatIsResetIsThereWithNothingInIt) {
  MetricStore store;
  store.define(MetricType::Counter, "own.a")->add(1);
  store.define(MetricType::Histogram, "own.b")->record(7);
  store.define(MetricType::Counter, "other")->add(1);
  store.reset("own.");
  EXPECT_EQ(store.to_text(), "other: 1\nown.a: 0\nown.b: 0 sum=0\n");
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

TEST(MetricStoreTest, NamesThatPrometheusCannotTellApartAreToldOnce) {
  MetricStore store;
  store.define(MetricType::Counter, "a.b")->add(1);
  store.define(MetricType::Gauge, "a_b")->add(2);
  EXPECT_EQ(store.to_prometheus(),
            "# TYPE weir_a_b counter\nweir_a_b 1\n"
            "# a_b is left out: another metric has become weir_a_b\n");
}

TEST(MetricStoreTest, PrometheusIsToldOfPartsByLabels) {
  MetricStore store;
  const auto define = [&](MetricType type, const std::string& cluster, const std::string& of) {
    return store.define(type, "cluster." + cluster + "." + of,
                        {.family = "cluster." + of, .labels = {{"name", cluster}}});
  };
  define(MetricType::Counter, "b", "total")->add(2);
  define(MetricType::Counter, "a", "total")->add(1);
  define(MetricType::Gauge, "a", "active")->add(3);
  define(MetricType::Histogram, "a", "time")->record(1);
  define(MetricType::Counter, "\"\\\n", "total")->add(4);
  EXPECT_EQ(store.to_prometheus(),
            "# TYPE weir_cluster_active gauge\nweir_cluster_active{name=\"a\"} 3\n"
            "# TYPE weir_cluster_time histogram\n"
            "weir_cluster_time_bucket{name=\"a\",le=\"1\"} 1\n"
            "weir_cluster_time_bucket{name=\"a\",le=\"+Inf\"} 1\n"
            "weir_cluster_time_sum{name=\"a\"} 1\nweir_cluster_time_count{name=\"a\"} 1\n"
            "# TYPE weir_cluster_total counter\n"
            "weir_cluster_total{name=\"\\\"\\\\\\n\"} 4\n"
            "weir_cluster_total{name=\"a\"} 1\nweir_cluster_total{name=\"b\"} 2\n");
  EXPECT_THAT(store.to_text(), ::testing::HasSubstr("cluster.b.total: 2\n"));
}

TEST(MetricQuotaTest, BoundsTheNamesOfEachVm) {
  const MetricQuota quota;
  for (size_t i = 0; i < MetricQuota::kMaxOfVm; ++i) {
    ASSERT_TRUE(quota.may_define("vm", std::to_string(i)));
  }
  EXPECT_FALSE(quota.may_define("vm", "one more"));
  EXPECT_TRUE(quota.may_define("vm", "0"));
  EXPECT_TRUE(quota.may_define("other", "one more"));
}

}  // namespace
}  // namespace weir::runtime
